import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { Act } from '../../simulator/faults/fault.ts'
import { routes } from '../../simulator/wire/message.ts'
import { openSimulator } from './calls.ts'

const text = await readFile(new URL('../../docs/simulator.md', import.meta.url), 'utf8')
const sectionOf = (title: string) => text.split(/^## /m).find((part) => part.startsWith(title)) ?? ''
const namesIn = (section: string) => [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name).sort()

test('every command is documented, and every documented one exists', async () => {
  await using simulator = await openSimulator()
  expect(namesIn(sectionOf('Commands'))).toEqual(Object.keys(simulator.control).sort())
})

test('every act of a fault is documented with its members, and every documented one exists', () => {
  const acts = Act.options.map(({ shape }) => [...shape.kind.values][0] as string)
  expect(namesIn(sectionOf('Faults'))).toEqual(acts.sort())
  for (const { shape } of Act.options) {
    const [kind] = shape.kind.values
    const row = new RegExp(`^\\| \`${kind}\` \\| ([^|]*) \\|`, 'm').exec(sectionOf('Faults'))?.[1] ?? ''
    const members = [...(row.split(':')[0]?.matchAll(/`(\w+)`/g) ?? [])].map(([, name]) => name)
    expect(members.sort(), kind).toEqual(
      Object.keys(shape)
        .filter((name) => name !== 'kind')
        .sort(),
    )
  }
})

test('every route that a fault may name is documented', () => {
  const listed = /`route` \(([^)]+)\)/.exec(text)?.[1]?.split(', ') ?? []
  expect(listed.sort()).toEqual(routes.filter((route) => route !== 'other').sort())
})
