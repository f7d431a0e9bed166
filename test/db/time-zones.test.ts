import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation, moveExpiryDate, setClock } from '../support/people.ts'

let database: Database
beforeAll(async () => {
  database = await freshDatabase()
  await setClock(database, '2026-03-01T12:00:00Z')
})
afterAll(() => database[Symbol.asyncDispose]())

test.each(['Europe/Oslo', 'Pacific/Kiritimati', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5', 'UTC'])(
  'an organisation may live in %s',
  async (timeZone) => {
    await addOrganisation(database, { timeZone })
  },
)

test.each(['Nowhere/Land', 'Europe/Oslo5', 'Europe/Oslo+5', 'OSLO', 'UTC+3', '<+03>-3', '+02:00', '', ' '])(
  'an organisation may not live in "%s"',
  async (timeZone) => {
    await expect(addOrganisation(database, { timeZone })).rejects.toMatchObject({ code: 'EX002' })
    const organisation = await addOrganisation(database)
    await expect(
      database.query('update expiry.organisations set time_zone = $2 where id = $1', [organisation, timeZone]),
    ).rejects.toMatchObject({ code: 'EX002' })
  },
)

test.each(['1999-12-31', '2201-01-01', '0026-03-31', '9999-12-31', 'infinity', '-infinity'])(
  'a certification cannot expire on %s',
  async (date) => {
    const organisation = await addOrganisation(database)
    await expect(addMentor(database, { organisation, expiryDate: date })).rejects.toMatchObject({ code: '23514' })
    const mentor = await addMentor(database, { organisation, expiryDate: '2026-03-31' })
    await expect(moveExpiryDate(database, mentor, date)).rejects.toMatchObject({ code: '23514' })
  },
)

test.each(['2000-01-01', '2200-12-31'])('a certification may expire on %s', async (expiryDate) => {
  const organisation = await addOrganisation(database)
  await addMentor(database, { organisation, expiryDate })
})

test('today is the date of the organisation, by the clock of the rules', async () => {
  await setClock(database, '2026-03-01T10:30:00Z')
  const today = async (timeZone: string) => {
    const organisation = await addOrganisation(database, { timeZone })
    return (await database.query('select expiry.today($1) as today', [organisation])).rows[0]?.today
  }
  expect(await today('Pacific/Kiritimati')).toBe('2026-03-02')
  expect(await today('Europe/Oslo')).toBe('2026-03-01')
  expect(await today('Pacific/Honolulu')).toBe('2026-03-01')
  await setClock(database, '2026-03-01T09:30:00Z')
  expect(await today('Pacific/Honolulu')).toBe('2026-02-28')
  expect((await database.query('select expiry.today(gen_random_uuid()) as today')).rows).toEqual([{ today: null }])
})

test.each([
  ['2026-03-01T12:00:00Z', 'Europe/Oslo', '2026-03-01 13:00:00+01'],
  ['2026-07-01T12:00:00.999Z', 'Europe/Oslo', '2026-07-01 14:00:00+02'],
  ['2026-10-25T00:30:00Z', 'Europe/Oslo', '2026-10-25 02:30:00+02'],
  ['2026-10-25T01:30:00Z', 'Europe/Oslo', '2026-10-25 02:30:00+01'],
  ['2026-03-01T12:00:00Z', 'UTC', '2026-03-01 12:00:00+00'],
  ['2026-03-01T12:00:00Z', 'America/St_Johns', '2026-03-01 08:30:00-03:30'],
  ['2026-03-01T12:00:00Z', 'Asia/Kathmandu', '2026-03-01 17:45:00+05:45'],
  ['2026-03-01T12:00:00Z', 'Pacific/Kiritimati', '2026-03-02 02:00:00+14'],
  [null, 'UTC', null],
])('the instant %s is in %s the local time %s, as PostgreSQL itself writes it', async (at, timeZone, told) => {
  const client = await database.connect()
  await client.query(`select set_config('timezone', $1, false), set_config('datestyle', 'ISO, YMD', false)`, [timeZone])
  const { rows } = await client.query(
    `select expiry.local_time($1, $2) as told, date_trunc('second', $1::timestamptz)::text as written`,
    [at, timeZone],
  )
  expect(rows).toEqual([{ told, written: told }])
})

test('without an override the clock of the rules is the real one, and there is only one override', async () => {
  await using real = await freshDatabase()
  const { rows } = await real.query<{ same: boolean }>('select expiry.now() = now() as same')
  expect(rows).toEqual([{ same: true }])
  await setClock(real, '2026-03-01T12:00:00Z')
  await expect(real.query('insert into expiry.clock_override (at) values (now())')).rejects.toMatchObject({
    code: '23505',
  })
  await expect(
    real.query('insert into expiry.clock_override (singleton, at) values (false, now())'),
  ).rejects.toMatchObject({
    code: '23514',
  })
})
