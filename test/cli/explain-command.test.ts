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
    next: [
      { outcome: 'pending', words: expect.any(String) },
      { outcome: 'upcoming' },
      { outcome: 'upcoming' },
      { kind: 'lapsed', outcome: 'made', words: expect.any(String) },
    ],
  })
  expect(mistyped).toEqual({ code: 1, output: 'there is no mentor "m17"; is M-1/7 meant?' })
  expect(wrongPlace).toEqual({ code: 1, output: 'there is no organisation "Fjord"; is fjord meant?' })
  expect(nothing.code).toBe(2)
})

test('what steers a terminal is escaped, whoever is named so, and a machine reads it as it is', async () => {
  const { database, organisation } = await openMarch()
  await using _ = database
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  const name = 'Evil\u001b[2J\u007f\u009b2J\u202egro\u2069'
  const escaped = 'Evil\\u001b[2J\\u007f\\u009b2J\\u202egro\\u2069'
  await database.query(`update expiry.organisations set slug = 'fjord'`)
  await database.query('update expiry.mentors set external_ref = $2, full_name = $2 where id = $1', [mentor.id, name])
  const run = (...args: string[]) => runToEnd(database, args)
  const [people, machine, mistyped, statement] = await Promise.all([
    run('explain', `fjord/${mentor.id}`),
    run('explain', `fjord/${mentor.id}`, '--json'),
    run('explain', 'fjord/evil'),
    run('sql', 'select full_name::integer from expiry.mentors'),
  ])
  expect(people).toEqual({ code: 0, output: expect.stringContaining(`${escaped} (${escaped}) of`) })
  expect(JSON.parse(machine.output)).toMatchObject({ mentor: { ref: name } })
  expect(mistyped).toEqual({ code: 1, output: `there is no mentor "evil"; is ${escaped} meant?` })
  expect(statement).toEqual({ code: 1, output: expect.stringContaining(`"${escaped}"`) })
  for (const { output } of [people, machine, mistyped, statement]) {
    expect(output).not.toMatch(/[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069]/u)
  }
})
