import { expect, onTestFinished, test } from 'vitest'
import { type ChannelAlert, keepChannelAlert, resolveForeignAlerts } from '../../services/notifier/channel-alert.ts'
import { openReminderLog } from '../../services/notifier/log.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { waitFor } from '../support/wait.ts'

const hour = 3_600_000

/** One notifier's share in the alert of the channel `email`; `every` in milliseconds. */
function notifier({ pool }: Database, every = hour): ChannelAlert & { stop(): void; failures(): number } {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  let failures = 0
  const observe = () => {
    failures += 1
  }
  const retrying = { base: 30, cap: 900, for: 86_400 }
  const log = openReminderLog({ pool }, { channels: ['email'], lease: 300, retrying })
  const alert = keepChannelAlert({ channel: 'email', log, observe }, stop.signal, every)
  return { ...alert, stop: () => stop.abort(), failures: () => failures }
}

type Alert = { state: string; reporters: number }

async function alerts(database: Database): Promise<Alert[]> {
  const { rows } = await database.query<Alert>(
    `select case when resolved_at is null then 'open' else 'resolved' end as state,
            (select count(*)::integer from jsonb_object_keys(details -> 'reporters')) as reporters
       from expiry.operations_alerts order by id`,
  )
  return rows
}

async function seen(database: Database, ...expected: Alert[]): Promise<void> {
  const isSo = async () => JSON.stringify(await alerts(database)) === JSON.stringify(expected)
  await waitFor(`alerts ${JSON.stringify(expected)}`, isSo).catch(async (cause) => {
    throw new Error(`found ${JSON.stringify(await alerts(database))}`, { cause })
  })
}

/** As if every report had been made so many minutes earlier. */
async function age(database: Database, minutes: number): Promise<void> {
  await database.query(
    `update expiry.operations_alerts
        set details = jsonb_set(details, '{reporters}', (
              select jsonb_object_agg(key, value::timestamptz - make_interval(mins => $1))
                from jsonb_each_text(details -> 'reporters')))`,
    [minutes],
  )
}

test('two notifiers with the same trouble open one alert, and it is resolved when the channel works for both', async () => {
  await using database = await freshDatabase()
  const [first, second] = [notifier(database), notifier(database)]
  first.raise('smtp_connect')
  await seen(database, { state: 'open', reporters: 1 })
  second.raise('smtp_auth')
  await seen(database, { state: 'open', reporters: 2 })
  first.resolve()
  await seen(database, { state: 'open', reporters: 1 })
  second.resolve()
  await seen(database, { state: 'resolved', reporters: 1 })
})

test('a notifier for which the channel works gives no all-clear while it is out of order for another, and none flaps', async () => {
  await using database = await freshDatabase()
  const [broken, healthy] = [notifier(database, 10), notifier(database, 10)]
  broken.raise('smtp_connect')
  await seen(database, { state: 'open', reporters: 1 })
  healthy.resolve()
  await age(database, 4)
  const reported = () =>
    database.query<{ at: string }>(`select details ->> 'reporters' as at from expiry.operations_alerts`)
  for (let round = 0; round < 5; round += 1) {
    const before = (await reported()).rows[0]?.at
    await waitFor('another report', async () => {
      broken.raise('smtp_connect')
      healthy.resolve()
      return (await reported()).rows[0]?.at !== before
    })
    expect(await alerts(database)).toEqual([{ state: 'open', reporters: 1 }])
  }
  broken.resolve()
  await seen(database, { state: 'resolved', reporters: 1 })
})

test('the report of a notifier that died ceases to count: who found the channel working gives the all-clear later', async () => {
  await using database = await freshDatabase()
  const [dead, heir] = [notifier(database), notifier(database, 20)]
  dead.raise('smtp_connect')
  await seen(database, { state: 'open', reporters: 1 })
  dead.stop()
  heir.resolve()
  await waitFor('the heir to have asked', async () => {
    const { rows } = await database.query<{ calls: number }>(
      `select count(*)::integer as calls from pg_stat_activity
        where datname = current_database() and query like '%resolve_alert%' and query not like '%pg_stat_activity%'`,
    )
    return rows[0]?.calls
  })
  expect(await alerts(database)).toEqual([{ state: 'open', reporters: 1 }])
  await age(database, 6)
  // Nothing is accepted any more; the heir asks by itself.
  await seen(database, { state: 'resolved', reporters: 1 })
})

test('an alert whose reporter has died stays open until a message is accepted, and is resolved by the first', async () => {
  await using database = await freshDatabase()
  const [dead, heir] = [notifier(database), notifier(database)]
  dead.raise('smtp_connect')
  await seen(database, { state: 'open', reporters: 1 })
  dead.stop()
  await age(database, 60)
  expect(await alerts(database)).toEqual([{ state: 'open', reporters: 1 }])
  heir.resolve()
  await seen(database, { state: 'resolved', reporters: 1 })
})

test('an all-clear that the database could not take is given as soon as it can', async () => {
  await using database = await freshDatabase()
  const only = notifier(database, 20)
  only.raise('smtp_connect')
  await seen(database, { state: 'open', reporters: 1 })
  await database.query('alter function expiry.resolve_alert rename to resolve_alert_away')
  only.resolve()
  await waitFor('failures', () => only.failures() >= 2)
  await database.query('alter function expiry.resolve_alert_away rename to resolve_alert')
  await seen(database, { state: 'resolved', reporters: 1 })
})

/** A notifier that is configured with these channels looks after the alerts of others, every so many milliseconds. */
function strange({ pool }: Database, channels: string[], every = 20): Promise<void> {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const retrying = { base: 30, cap: 900, for: 86_400 }
  const log = openReminderLog({ pool }, { channels, lease: 300, retrying })
  return resolveForeignAlerts({ log, observe: () => undefined }, stop.signal, every)
}

test('the alert of a channel that was given up ends when nobody reports it any more', async () => {
  await using database = await freshDatabase()
  const former = notifier(database)
  former.raise('smtp_connect')
  await seen(database, { state: 'open', reporters: 1 })
  former.stop()
  const through = strange(database, ['webhook'])
  await waitFor('it to have asked', async () => {
    const { rows } = await database.query<{ asked: boolean }>(`select xmax <> 0 as asked from expiry.operations_alerts`)
    return rows[0]?.asked
  })
  expect(await alerts(database)).toEqual([{ state: 'open', reporters: 1 }])
  await age(database, 6)
  await through
  expect(await alerts(database)).toEqual([{ state: 'resolved', reporters: 1 }])
})

test('that of a channel that this notifier has is left to whoever finds the channel working', async () => {
  await using database = await freshDatabase()
  const former = notifier(database)
  former.raise('smtp_connect')
  await seen(database, { state: 'open', reporters: 1 })
  former.stop()
  await age(database, 60)
  await strange(database, ['webhook', 'email'])
  expect(await alerts(database)).toEqual([{ state: 'open', reporters: 1 }])
})

test('other alerts are none of its business', async () => {
  await using database = await freshDatabase()
  await database.query(`select expiry.raise_alert('nightly_late', 'warning', 'nightly_late', '{}')`)
  await strange(database, ['email'])
  const { rows } = await database.query('select kind from expiry.operations_alerts where resolved_at is null')
  expect(rows).toEqual([{ kind: 'nightly_late' }])
})
