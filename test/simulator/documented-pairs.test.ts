import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { mentor, openSimulator } from './calls.ts'

const folder = new URL('./pairs/', import.meta.url)

const Pairs = z.strictObject({
  source: z.string(),
  pairs: z.array(
    z.strictObject({
      name: z.string(),
      row: z.enum(['present', 'absent']),
      request: z.strictObject({
        method: z.string(),
        path: z.string(),
        headers: z.record(z.string(), z.string()),
        body: z.record(z.string(), z.unknown()).optional(),
      }),
      response: z.strictObject({
        status: z.int(),
        headers: z.record(z.string(), z.string()).default({}),
        code: z.string().optional(),
        message: z.string().optional(),
        body: z.record(z.string(), z.unknown()).optional(),
        empty: z.boolean().optional(),
      }),
      /** What the row holds afterwards; null where there is none. */
      after: z.record(z.string(), z.unknown()).nullable().optional(),
    }),
  ),
})

const id = 'aaaaaaaa-0000-4000-8000-000000000001'
const files = await Promise.all(
  (await readdir(folder)).map(async (file) => Pairs.parse(JSON.parse(await readFile(new URL(file, folder), 'utf8')))),
)

describe.each(files)('$source', ({ pairs }) => {
  test.each(pairs)('$name', async ({ row, request, response, after }) => {
    await using simulator = await openSimulator()
    const { control, urls } = simulator
    if (row === 'present') control.seedContacts([mentor(1, { contactid: id })])
    const etag = row === 'present' ? `W/"${control.contact(id).version}"` : ''
    const fill = (text: string) => {
      const now = control.contacts()[0]?.version
      const facts = { id, origin: urls.origin, etag, 'stale etag': 'W/"1"', 'etag after': `W/"${now}"` }
      return text.replace(/\{([a-z ]+)\}/g, (whole, name: keyof typeof facts) => facts[name] ?? whole)
    }
    const filled = (values: Record<string, unknown>) =>
      Object.fromEntries(
        Object.entries(values).map(([name, each]) => [name, typeof each === 'string' ? fill(each) : each]),
      )
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, each]) => [name, fill(each)]))

    const answer = await simulator.call(request.method, fill(request.path), { headers, body: request.body })

    expect(answer.status, answer.text).toBe(response.status)
    for (const [name, value] of Object.entries(response.headers)) expect(answer.headers.get(name)).toBe(fill(value))
    if (response.empty || answer.status === 204) expect(answer.text).toBe('')
    if (response.code !== undefined) expect(answer.json.error.code).toBe(response.code)
    if (response.message !== undefined) expect(answer.json.error.message).toBe(fill(response.message))
    if (response.body) expect(answer.json).toMatchObject(filled(response.body))
    if (after === null) expect(control.contacts()).toEqual([])
    else if (after) expect(control.contacts()).toMatchObject([{ values: after }])
  })
})
