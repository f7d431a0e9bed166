import { expect, test } from 'vitest'
import { addMentor } from '../support/people.ts'
import { runToEnd } from './ending.ts'
import { openMarch } from './explaining.ts'

test('the command tells it to people and to machines, and helps whoever mistypes', async () => {
  const { database, organisation } = await openMarch()
  await using _ = database
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  await database.query(`update expiry.organisations set slug = 'fjord'`)
  await database.query(`update expiry.mentors set external_ref = 'M-1/7', full_name = 'Kari Nordmann' where id = $1`, [
    mentor.id,
  ])
  const run = (...args: string[]) => runToEnd(database, ['explain', ...args])
  const [people, byIds, machine, mistyped, wrongPlace, nothing] = await Promise.all([
    run('fjord/M-1/7'),
    run(`${organisation}/${mentor.id}`),
    run('fjord/M-1/7', '--json'),
    run('fjord/m17'),
    run('Fjord/M-1/7'),
    run('fjord'),
  ])
  expect(people).toEqual({ code: 0, output: expect.stringContaining('Kari Nordmann (M-1/7) of Organisation') })
  expect(byIds).toEqual(people) // an alert names nobody but by ids
  expect(machine.code).toBe(0)
  expect(JSON.parse(machine.output)).toMatchObject({
    mentor: { ref: 'M-1/7' },
    thresholds: [
      { thresholdDay: 30, from: '2026-02-19', reminder: { status: 'pending' }, why: null },
      { thresholdDay: 14, reminder: null, why: expect.stringContaining('not yet') },
      { thresholdDay: 7 },
    ],
    next: [{ outcome: 'pending', words: expect.any(String) }, { outcome: 'upcoming' }, { outcome: 'upcoming' }],
  })
  expect(mistyped).toEqual({ code: 1, output: 'there is no mentor "m17"; is M-1/7 meant?' })
  expect(wrongPlace).toEqual({ code: 1, output: 'there is no organisation "Fjord"; is fjord meant?' })
  expect(nothing.code).toBe(2)
})
