import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { portalCodes } from '../../cli/website/codes.ts'
import { packageRoot } from '../../runtime/package-root.ts'
import { Mapping, proposedMapping } from '../../runtime/portal/mapping.ts'

const read = (path: string) => readFile(join(packageRoot(), path), 'utf8')
const section = async (title: string) =>
  (await read('docs/portal.md')).split(/^## /m).find((part) => part.startsWith(title)) ?? ''
const rowsOf = (text: string) => [...text.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map((match) => [match[1], match[2]])

test('the mapping file of the documents is complete, and the one that counts without a file', async () => {
  const [, example = ''] = /```json\n(.*?)```/s.exec(await section('The mapping file')) ?? []
  expect(Mapping.parse(JSON.parse(example))).toEqual(proposedMapping)
  const explained = (await section('The mapping file')).match(/^\| `(\w+)`/gm)?.map((row) => row.slice(3, -1))
  expect(explained).toEqual(['keyColumn', ...Object.keys(proposedMapping.columns)])
})

test('every code of the portal is documented in the words that people are told, and back', async () => {
  expect(Object.fromEntries(rowsOf(await section('Codes')))).toEqual(portalCodes)
})

test('every state of portal_sync is documented, and back', async () => {
  const [, statuses = ''] =
    /'portal_sync_status_check',\s*sql`[^`]*in \(([^)]+)\)/.exec(await read('db/schema/portal.ts')) ?? []
  const states = [...statuses.matchAll(/'(\w+)'/g)].map(([, state]) => state)
  expect(states).toHaveLength(6)
  expect(rowsOf(await section('States')).map(([state]) => state)).toEqual(states)
})
