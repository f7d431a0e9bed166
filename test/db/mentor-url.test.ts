import { beforeEach, expect, test } from 'vitest'
import { Delivery } from '../../contracts/delivery.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, only } from '../support/people.ts'
import { begin } from './delivery.ts'
import { onlyReminder } from './reminders.ts'

let database: Database
let organisation: string

beforeEach(async () => {
  database = await freshDatabase()
  organisation = await addOrganisation(database)
  return () => database[Symbol.asyncDispose]()
})

const setUrl = (url: string | null) =>
  database.query('update expiry.organisations set mentor_url = $2 where id = $1', [organisation, url])

test.each([
  'https://app.example.org/mentors/{ref}',
  'https://app.example.org/{id}/{ref}/edit',
  'https://app.example.org?mentor={ref}',
  'https://app.example.org#{id}',
  'http://localhost:3000/m/{ref}',
  'http://[::1]:3000/{ref}',
  'https://møte.example/',
  'https://app.example.org',
  null,
])('an organisation may link to %s', async (url) => {
  expect((await setUrl(url)).rowCount).toBe(1)
})

test.each([
  '',
  'app.example.org/{ref}',
  'ftp://app.example.org/{ref}',
  'javascript:alert(1)//https://app.example.org',
  '{ref}',
  'https://{ref}',
  'https://{ref}.example.org/',
  'https://app.example.org{ref}/',
  'https://app.example.org:{id}/',
  'https://app.example.org@{ref}/',
  'https://user:secret@app.example.org/{ref}',
  'https://app.example.org\\{ref}',
  'https://app.example.org/\\{ref}',
  'https:///{ref}',
  'https://app.example.org/{name}',
  'https://app.example.org/{ref',
  'https://app.example.org/ref}',
  'https://app.example.org/{ ref }',
  'https://app.example.org/a b',
  'https://app.example.org/"{ref}',
  'https://app.example.org/<{ref}',
  'https://app.example.org/{ref}\nhttps://evil.example',
])('an organisation may not link to %j', async (url) => {
  await expect(setUrl(url)).rejects.toMatchObject({ constraint: 'organisations_mentor_url_check' })
})

test('begin says where the mentor is to be found, by the reference or by the id', async () => {
  await setUrl('https://app.example.org/{ref}?id={id}')
  const mentor = await addMentor(database, { organisation, daysLeft: 20 })
  await database.query(`update expiry.mentors set external_ref = 'A/1 "x"' where id = $1`, [mentor.id])
  const begun = only(await begin(database, [await onlyReminder(database, mentor)]))
  expect(Delivery.parse(begun.delivery).mentor).toMatchObject({
    id: mentor.id,
    ref: 'A/1 "x"',
    url: `https://app.example.org/A%2F1%20%22x%22?id=${mentor.id}`,
  })
})

test('a mentor without a reference, and an organisation without a template, do not keep the reminder back', async () => {
  const one = await addMentor(database, { organisation, daysLeft: 20 })
  expect(
    Delivery.parse(only(await begin(database, [await onlyReminder(database, one)])).delivery).mentor.url,
  ).toBeNull()
  await setUrl('https://app.example.org/{ref}')
  const two = await addMentor(database, { organisation, daysLeft: 20 })
  const begun = only(await begin(database, [await onlyReminder(database, two)]))
  expect(Delivery.parse(begun.delivery).mentor.url).toBe(`https://app.example.org/${two.id}`)
})
