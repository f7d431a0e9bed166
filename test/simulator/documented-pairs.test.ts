import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Answered, mentor, openSimulator, type Simulated } from './calls.ts'

const folder = new URL('./pairs/', import.meta.url)

const Response = z.strictObject({
  status: z.int(),
  headers: z.record(z.string(), z.string()).default({}),
  code: z.string().optional(),
  message: z.string().optional(),
  body: z.record(z.string(), z.unknown()).optional(),
  empty: z.boolean().optional(),
  /** The only link in it, where there is one. */
  link: z.enum(['@odata.nextLink', '@odata.deltaLink']).optional(),
})

const Pairs = z.strictObject({
  source: z.string(),
  pairs: z.array(
    z.strictObject({
      name: z.string(),
      row: z.enum(['present', 'absent', 'three']),
      request: z.strictObject({
        method: z.string(),
        path: z.string(),
        headers: z.record(z.string(), z.string()),
        body: z.record(z.string(), z.unknown()).optional(),
      }),
      response: Response,
      /** A GET of the link. */
      next: z.strictObject({ headers: z.record(z.string(), z.string()), response: Response }).optional(),
      /** What the row holds afterwards; null where there is none. */
      after: z.record(z.string(), z.unknown()).nullable().optional(),
    }),
  ),
})

const idOf = (number: number) => `aaaaaaaa-0000-4000-8000-00000000000${number}`
const count = { absent: 0, present: 1, three: 3 }
const files = await Promise.all(
  (await readdir(folder)).map(async (file) => Pairs.parse(JSON.parse(await readFile(new URL(file, folder), 'utf8')))),
)

/** Puts facts in the place of their names, at any depth. */
function fill<T>(value: T, facts: Record<string, string>): T {
  const text = JSON.stringify(value).replace(/\{([a-z0-9 ]+)\}/g, (whole, name: string) =>
    name in facts ? JSON.stringify(facts[name]).slice(1, -1) : whole,
  )
  return JSON.parse(text)
}

function factsOf({ control, urls }: Simulated, etag: string): Record<string, string> {
  const ids = { id: idOf(1), 'id 1': idOf(1), 'id 2': idOf(2), 'id 3': idOf(3) }
  const after = `W/"${control.contacts()[0]?.version}"`
  return { ...ids, origin: urls.origin, etag, 'stale etag': 'W/"1"', 'etag after': after }
}

function check(answer: Answered, wanted: z.output<typeof Response>): void {
  expect(answer.status, answer.text).toBe(wanted.status)
  for (const [name, value] of Object.entries(wanted.headers)) expect(answer.headers.get(name)).toBe(value)
  if (wanted.empty || answer.status === 204) expect(answer.text).toBe('')
  if (wanted.code !== undefined) expect(answer.json.error.code).toBe(wanted.code)
  if (wanted.message !== undefined) expect(answer.json.error.message).toBe(wanted.message)
  if (wanted.body) expect(answer.json).toMatchObject(wanted.body)
  const links = Object.keys(answer.json ?? {}).filter((name) => name.endsWith('Link'))
  expect(links).toEqual(wanted.link === undefined ? [] : [wanted.link])
}

describe.each(files)('$source', ({ pairs }) => {
  test.each(pairs)('$name', async ({ row, request, response, next, after }) => {
    await using simulator = await openSimulator()
    const { control } = simulator
    const rows = Array.from({ length: count[row] }, (_, index) => mentor(index + 1, { contactid: idOf(index + 1) }))
    control.seedContacts(rows)
    const etag = rows.length === 0 ? '' : `W/"${control.contact(idOf(1)).version}"`
    const { method, path, headers, body } = fill(request, factsOf(simulator, etag))
    const answer = await simulator.call(method, path, { headers, body })
    check(answer, fill(response, factsOf(simulator, etag)))
    if (next && response.link !== undefined) {
      const linked = await simulator.call('GET', '', { url: answer.json[response.link], headers: next.headers })
      check(linked, fill(next.response, factsOf(simulator, etag)))
    }
    if (after === null) expect(control.contacts()).toEqual([])
    else if (after) expect(control.contacts()).toMatchObject([{ values: after }])
  })
})
