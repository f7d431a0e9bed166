import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { only } from '../support/people.ts'

test('a holder that asks for one alert gets that alone, under its lease, once and once that it is over', async () => {
  await using database = await freshDatabase()
  const [one, other] = [randomUUID(), randomUUID()]
  const raise = (key: string, severity: string) =>
    database.query(`select expiry.raise_alert('test', $2, $1, '{}')`, [key, severity])
  await raise('true', 'critical')
  await raise('mine', 'warning')
  const { rows } = await database.query(`select id from expiry.operations_alerts where dedupe_key = 'mine'`)
  const { id } = only(rows)
  const begin = async (holder: string) => {
    const begun = await database.query(
      'select alert_id, notice, number from expiry.begin_notices_of_alert($1, $2, $3)',
      [holder, ['email'], id],
    )
    return begun.rows
  }
  const record = async (notice: string, number: number, isTold: boolean) => {
    const recorded = await database.query(
      `select expiry.record_alert_notice($1, 'email', $2, $3, $4, $5, 'some_code', 10, 100) as done`,
      [one, id, notice, number, isTold],
    )
    expect(recorded.rows).toEqual([{ done: true }])
  }
  const later = () =>
    database.query(
      `update expiry.alert_notices set told_at = told_at - interval '1 month', available_at = available_at - interval '1 month'`,
    )

  await database.query(`select expiry.hold_alert_leases($1, array['email'], 60)`, [one])
  expect(await begin(other)).toEqual([])
  const opened = [{ alert_id: id, notice: 'opened', number: 1 }]
  expect(await begin(one)).toEqual(opened)
  expect(await begin(one)).toEqual(opened) // nothing is on record: it may not have arrived
  await record('opened', 1, false)
  expect(await begin(one)).toEqual([]) // a refusal is put up with for a while
  await later()
  expect(await begin(one)).toEqual(opened)
  await record('opened', 1, true)
  await later()
  expect(await begin(one)).toEqual([]) // no repetition

  await database.query(`select expiry.resolve_alert('mine')`)
  expect(await begin(one)).toEqual([{ alert_id: id, notice: 'resolved', number: 0 }])
  await record('resolved', 0, true)
  await later()
  expect(await begin(one)).toEqual([])
  const begun = await database.query('select distinct alert_id from expiry.alert_notices')
  expect(begun.rows).toEqual([{ alert_id: id }])
})
