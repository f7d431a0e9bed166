import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openSimulator, type Simulated } from './calls.ts'

type Condition = 'none' | 'any' | 'current' | 'stale' | 'absent'
type Step = { method: 'PATCH' | 'DELETE'; row: number; condition: Condition; value: number }

/** What the table of conditional operations says, in the fewest words: the value of each row, and how often was written. */
type Model = { rows: Map<number, number>; writes: number }

const step = fc.record({
  method: fc.constantFrom<Step['method']>('PATCH', 'PATCH', 'PATCH', 'DELETE'),
  row: fc.integer({ min: 0, max: 2 }),
  condition: fc.constantFrom<Condition>('none', 'any', 'current', 'stale', 'absent'),
  value: fc.integer({ min: 0, max: 3 }),
})

function expected(model: Model, { method, row, condition, value }: Step): number {
  if (model.rows.has(row)) {
    if (condition === 'stale') return 412
    if (condition === 'absent' && method === 'PATCH') return 412
  } else {
    // Without a row there is no current version to ask for either.
    if (method === 'DELETE' || condition === 'any' || condition === 'stale' || condition === 'current') return 404
  }
  model.writes += 1
  if (method === 'DELETE') model.rows.delete(row)
  else model.rows.set(row, value)
  return 204
}

async function perform(simulator: Simulated, etags: Map<number, string>, { method, row, condition, value }: Step) {
  const headers: Record<string, Record<string, string>> = {
    none: {},
    any: { 'if-match': '*' },
    current: { 'if-match': etags.get(row) ?? 'W/"2"' },
    stale: { 'if-match': 'W/"1"' },
    absent: { 'if-none-match': '*' },
  }
  const body = method === 'PATCH' ? { body: { hlf_sourceversion: value } } : {}
  const path = `contacts(hlf_mentorid='M-${row}')`
  const { status } = await simulator.call(method, path, { headers: headers[condition] ?? {}, ...body })
  etags.delete(row)
  const read = await simulator.call('GET', path)
  if (read.status === 200) etags.set(row, read.headers.get('etag') ?? '')
  return status
}

test('any series of conditional writes ends as the table of conditions says, with a rising version', {
  timeout: 60_000,
}, async () => {
  await using simulator = await openSimulator({ limits: { requests: 1_000_000 } })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      for (const { id } of simulator.control.contacts()) simulator.control.deleteContact(id)
      const before = simulator.control.audit().length
      const model: Model = { rows: new Map(), writes: 0 }
      const etags = new Map<number, string>()
      for (const each of steps) expect(await perform(simulator, etags, each)).toBe(expected(model, each))
      const shown = simulator.control
        .contacts()
        .map(({ values }) => `${values.hlf_mentorid}: ${values.hlf_sourceversion}`)
      expect(shown.sort()).toEqual([...model.rows].map(([row, value]) => `M-${row}: ${value}`).sort())
      const versions = simulator.control
        .audit()
        .slice(before)
        .map(({ version }) => version)
      expect(versions).toHaveLength(model.writes)
      expect(versions).toEqual([...versions].sort((one, other) => one - other))
    }),
    { numRuns: 60 },
  )
})
