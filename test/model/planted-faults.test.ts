import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { modelAndProductAgree } from './life.ts'
import { openReal } from './real.ts'

/** `seed` is one whose first few lives meet the fault. */
type Fault = { name: string; seed: number; file: string; line: string; fault: string }

/** What a careless hand might make of a line below db/functions. */
const FAULTS: Fault[] = [
  {
    name: 'a window that opens a day late',
    seed: 8,
    file: 'decide/due_reminders.sql',
    line: 'e.threshold_day >= stands.expiry_date - clock.today',
    fault: 'e.threshold_day > stands.expiry_date - clock.today',
  },
  {
    name: 'a date corrected back that brings no reminder back',
    seed: 8,
    file: 'decide/revive_reminders.sql',
    line: 'where l.mentor_id = any (p_mentor_ids)',
    fault: 'where false and l.mentor_id = any (p_mentor_ids)',
  },
  {
    name: 'a looser reminder that does not give way to the tighter one',
    seed: 8,
    file: 'decide/reminder_facts.sql',
    line: 'tighter.threshold_day < l.threshold_day',
    fault: 'tighter.threshold_day < l.threshold_day and false',
  },
  {
    name: 'a reminder that never comes back once it gave way to a tighter one',
    seed: 2,
    file: 'decide/revive_reminders.sql',
    line: "and l.status = 'superseded'",
    fault: "and l.status = 'superseded' and l.status_reason <> 'tighter_reminder'",
  },
  {
    name: 'an answer that is taken from a sender who had been given up',
    seed: 1,
    file: 'delivery/finish_reminder_delivery.sql',
    line: "when l.status = 'sending' and l.generation = r.generation and l.attempts = r.attempt then 'recorded'",
    fault: "when l.status = 'sending' then 'recorded'",
  },
  {
    name: 'a brake that counts each statement by itself',
    seed: 2,
    file: 'status/admit_expiries.sql',
    line: "and b.recorded_at > (select expiry.now()) - interval '24 hours'",
    fault: 'and b.mentor_id = any (p_mentor_ids)',
  },
  {
    name: 'a hold that ends when its mentor goes out of the programme',
    seed: 8,
    file: 'status/forget_backdated_expiries.sql',
    line: '-- corrected',
    fault: `or m.status = 'inactive'`,
  },
  {
    name: 'a held date that never runs out',
    seed: 2,
    file: 'status/mentor_standing.sql',
    line: 'when stands.expiry_date < clock.today then',
    fault: 'when stands.expiry_date < clock.today and h.mentor_id is null then',
  },
  {
    name: 'a pause that ends a day late',
    seed: 3,
    file: 'status/mentor_standing.sql',
    line: "when m.status = 'paused' and m.paused_until > clock.today",
    fault: "when m.status = 'paused' and m.paused_until >= clock.today",
  },
  {
    name: 'a return that is told of without a leave',
    seed: 1,
    file: 'status/tell_of_transitions.sql',
    line: "and (latest.kind = 'lapsed' or exists (",
    fault: 'and (true or exists (',
  },
  {
    name: 'a message about somebody whom nobody could have seen',
    seed: 8,
    file: 'status/mentor_sightings.sql',
    line: 't.mentor_id = m.id and t.was_visible',
    fault: 't.mentor_id = m.id',
  },
]

/** Plants the fault in this database alone. Returns what digs it out again. */
async function plant(database: Database, { file, line, fault }: Fault): Promise<() => Promise<unknown>> {
  const text = await readFile(new URL(`../../db/functions/${file}`, import.meta.url), 'utf8')
  const faulty = text.replace(line, fault)
  expect(faulty, `${file} has lost the line in which this fault is planted`).not.toBe(text)
  await database.query(faulty)
  return () => database.query(text)
}

test.each(FAULTS)('the model finds $name', { timeout: 120_000 }, async (fault) => {
  await using database = await freshDatabase()
  const digOut = await plant(database, fault)
  const property = modelAndProductAgree({ real: await openReal(database) })
  const { seed } = fault
  const found = await fc.check(property, { seed, numRuns: 40, endOnFailure: true })
  expect(found.errorInstance).toMatchObject({ name: 'AssertionError' })

  await digOut()
  const path = String(found.counterexamplePath)
  const again = await fc.check(property, { seed, path, numRuns: 1, endOnFailure: true })
  expect(again).toMatchObject({ failed: false, numRuns: 1 })
})
