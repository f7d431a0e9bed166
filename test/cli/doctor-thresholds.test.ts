import { beforeEach, expect, test } from 'vitest'
import type { Database } from '../support/database.ts'
import { addMentor, addOrganisation, nightly } from '../support/people.ts'
import { healthyDatabase, lookAt } from './diagnosis.ts'

let database: Database
let organisation: string
let slug: string

beforeEach(async () => {
  ;({ database, organisation } = await healthyDatabase())
  slug = await slugOf(organisation)
  return () => database[Symbol.asyncDispose]()
})

async function slugOf(id: string): Promise<string> {
  const { rows } = await database.query<{ slug: string }>('select slug from expiry.organisations where id = $1', [id])
  return rows[0]?.slug ?? ''
}

async function defaults(): Promise<unknown[]> {
  const { rows } = await database.query(
    'select threshold_day, urgency, escalate from expiry.reminder_thresholds where organisation_id is null order by 1',
  )
  return rows
}

/** Gives the organisation a threshold of its own, and the flag with which it counts. */
async function giveOwnThreshold(id: string): Promise<void> {
  await database.query(
    `insert into expiry.reminder_thresholds (organisation_id, threshold_day, urgency) values ($1, 60, 'notice')`,
    [id],
  )
  await database.query(
    `insert into expiry.feature_flags (organisation_id, flag, enabled) values ($1, 'per_organisation_thresholds', true)`,
    [id],
  )
}

const forgetDefaults = () => database.query('delete from expiry.reminder_thresholds where organisation_id is null')

const thresholds = async () => (await lookAt(database))['Reminders/thresholds']

test('deleted defaults leave an organisation with mentors without any threshold: it is named, and what is told brings them back', async () => {
  const before = await defaults()
  await forgetDefaults()
  await addMentor(database, { organisation, daysLeft: 7 })
  const found = (await thresholds()) ?? ''
  const [, told = ''] = / → as a login with expiry_app: (.*); then run `mentor-expiry nightly`$/.exec(found) ?? []
  expect(found).toBe(
    `fail: no threshold is in force for ${slug}: nobody is reminded about their mentors → as a login with expiry_app: ${told}; then run \`mentor-expiry nightly\``,
  )
  const host = await database.connect()
  await host.query('set role expiry_app')
  await host.query(told)
  await nightly(database)
  expect(await defaults()).toEqual(before)
  const after = await lookAt(database)
  expect([after['Reminders/thresholds'], after['Reminders/uncovered']]).toEqual(['ok', 'ok'])
  const { rows } = await database.query('select threshold_day from expiry.reminder_dispatch_log')
  expect(rows).toEqual([{ threshold_day: 7 }])
})

test('where there is nobody to remind about, or only people who have left, it is worth a thought', async () => {
  await forgetDefaults()
  await addMentor(database, { organisation, status: 'inactive' })
  expect(await thresholds()).toMatch(
    new RegExp(
      `^advice: no threshold is in force for ${slug}: nobody would be reminded about mentors there → as a login with expiry_app: insert into`,
    ),
  )
})

test('thresholds that somebody has changed are what people want, and so are deleted defaults where all have their own', async () => {
  await addMentor(database, { organisation, daysLeft: 200 })
  await database.query('delete from expiry.reminder_thresholds where threshold_day > 7')
  expect(await thresholds()).toBe('ok')
  await giveOwnThreshold(organisation)
  await forgetDefaults()
  expect(await thresholds()).toBe('ok')
})

test('of several organisations only those without a threshold are named', async () => {
  await giveOwnThreshold(organisation)
  await addMentor(database, { organisation, daysLeft: 200 })
  const other = await addOrganisation(database)
  await addMentor(database, { organisation: other, daysLeft: 200 })
  await forgetDefaults()
  const found = await thresholds()
  expect(found).toContain(`fail: no threshold is in force for ${await slugOf(other)}: `)
})

test('thresholds that are wanted and not in force come back with a night, as told', async () => {
  await addMentor(database, { organisation, daysLeft: 200 })
  await database.query('delete from expiry.effective_thresholds')
  expect(await thresholds()).toBe(
    `fail: no threshold is in force for ${slug}: nobody is reminded about their mentors → run \`mentor-expiry nightly\``,
  )
  await nightly(database)
  expect(await thresholds()).toBe('ok')
})
