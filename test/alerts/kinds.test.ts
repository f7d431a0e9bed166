import { expect, test } from 'vitest'
import { alertKinds } from '../../runtime/alerts/words.ts'
import { breakOff } from '../db/broken-off.ts'
import { accepted, attemptsOf, claim, finish } from '../db/delivery.ts'
import { environment, hold, holder, publish } from '../db/portal.ts'
import { reminders } from '../db/reminders.ts'
import { refuseRemindersOf } from '../db/runs.ts'
import { forgetZone } from '../db/zones.ts'
import type { Database } from '../support/database.ts'
import {
  addMentor,
  addMentors,
  addOrganisation,
  type Mentor,
  moveExpiryDate,
  nightly,
  only,
  setClock,
} from '../support/people.ts'
import { startTelling } from './telling.ts'

/** How the cause of an alert comes about, and how it goes away. */
type Story = { cause: (database: Database) => Promise<unknown>; remedy: (database: Database) => Promise<unknown> }

const sendAll = async (database: Database) => {
  const attempts = await attemptsOf(database, await claim(database))
  await finish(
    database,
    attempts.map((attempt) => ({ ...attempt, answers: { email: accepted } })),
  )
}

/** The listener's sweep, as if the notes about mentors were an hour older. */
const sweepAnHourLater = async (database: Database) => {
  await database.query(
    `update expiry.mentor_rechecks
        set requested_at = requested_at - interval '61 minutes', available_at = available_at - interval '61 minutes'`,
  )
  await database.query('select expiry.settle_rechecks(100)')
}

/** Every organisation has had its night. */
const rest = (database: Database) => database.query('update expiry.organisations set processed_on = expiry.today(id)')

/** What is looked for once a day is looked for again at once, as on the next one. */
const nextDay = (database: Database) =>
  database.query(`update expiry.daily_checks set begun_at = begun_at - interval '1 day'`)

/** A mentor of whom the website must show something. */
const addPublished = async (database: Database) => {
  await publish(database, await addMentor(database, { organisation: await addOrganisation(database), daysLeft: 200 }))
  await rest(database)
}

const allShown = (database: Database) =>
  database.query(`update expiry.portal_sync set status = 'synced', synced_version = desired_version, synced_at = now()`)

/** A comparison in which the portal has shown these contacts, of nobody of ours. */
const reconcile = async (database: Database, { initial, extra = [] }: { initial: boolean; extra?: string[] }) => {
  await hold(database)
  await database.query(`select expiry.ask_portal_reconciliation('kari', $1)`, [initial])
  const { rows } = await database.query<{ id: number }>('select id from expiry.begin_portal_reconciliation($1, $2)', [
    holder,
    environment,
  ])
  const { id } = only(rows)
  const found = extra.map((portalKey) => ({
    portalKey,
    kind: 'extra',
    mentorId: null,
    fields: [],
    isExposed: true,
    claimsSync: false,
  }))
  await database.query(`select expiry.record_portal_differences($1, 1, '{}', $2)`, [id, JSON.stringify(found)])
  await database.query('select expiry.close_portal_reconciliation($1, 0.2, null)', [id])
}

const stories: Record<string, Story> = {
  portal_parked: {
    cause: async (database) => {
      await addPublished(database)
      await database.query(`update expiry.portal_sync set status = 'parked'`)
    },
    remedy: allShown,
  },
  portal_failing: {
    cause: async (database) => {
      await addPublished(database)
      await database.query(`update expiry.portal_sync set failures = 5, last_error = 'http_500'`)
      await database.query(
        `insert into expiry.portal_sync_attempts (mentor_id, version, attempt, outcome, started_at)
         values (gen_random_uuid(), 1, 1, 'acknowledged', now())`,
      )
    },
    remedy: allShown,
  },
  portal_uncompared: {
    cause: async (database) => {
      await addPublished(database)
      await reconcile(database, { initial: true })
      await database.query(`select expiry.ask_portal_reconciliation('night', false)`)
      await database.query(
        `update expiry.portal_reconciliations set requested_at = requested_at - interval '27 hours',
                finished_at = finished_at - interval '28 hours'`,
      )
    },
    remedy: (database) => reconcile(database, { initial: false }),
  },
  portal_stuck: {
    cause: async (database) => {
      await addPublished(database)
      await database.query(`update expiry.portal_sync set available_at = now() - interval '11 minutes'`)
    },
    remedy: allShown,
  },
  portal_differences_held: {
    cause: async (database) => {
      await addPublished(database)
      await allShown(database) // as it says; the portal has no such contact
      await reconcile(database, { initial: false })
    },
    remedy: (database) => reconcile(database, { initial: true }),
  },
  portal_contacts_unknown: {
    cause: async (database) => {
      await addPublished(database)
      await reconcile(database, { initial: true, extra: ['K-9'] })
    },
    remedy: (database) => reconcile(database, { initial: false }),
  },
  expiries_held: {
    cause: async (database) => {
      const organisation = await addOrganisation(database)
      await rest(database)
      await addMentors(database, { organisation, count: 10, daysLeft: 200 })
      await database.query(`update expiry.certifications set expiry_date = expiry.today($1) - 10`, [organisation])
    },
    remedy: (database) => database.query(`select expiry.approve_expiries(o.id, 'test') from expiry.organisations as o`),
  },
  nightly_failed: {
    cause: async (database) => {
      await addOrganisation(database)
      await database.query(`
        create function public.refuse() returns trigger language plpgsql as $$ begin raise 'refused'; end $$;
        create trigger refuse before delete on expiry.mentor_rechecks for each statement execute function public.refuse()`)
      await nightly(database)
    },
    remedy: async (database) => {
      await database.query('drop trigger refuse on expiry.mentor_rechecks')
      await nightly(database)
    },
  },
  nightly_crashed: {
    cause: async (database) => {
      await addOrganisation(database)
      await rest(database)
      await database.query(
        `insert into expiry.expiry_runs (source, organisation_ids, started_at)
         select 'pg_cron', array_agg(o.id), now() - interval '5 minutes' from expiry.organisations as o`,
      )
    },
    remedy: nightly,
  },
  nightly_late: {
    cause: async (database) => {
      await database.query(`select expiry.record_schedule('service', '15 * * * *')`)
      await addOrganisation(database)
      await rest(database)
      await database.query(`update expiry.nightly_schedule set set_at = now() - interval '1 month'`)
      await setClock(database, new Date(Date.now() + 36 * 3_600_000).toISOString())
    },
    remedy: nightly,
  },
  rows_stuck: {
    cause: async (database) => {
      const organisation = await addOrganisation(database)
      await rest(database)
      await addMentor(database, { organisation, daysLeft: 30 })
      await database.query(`update expiry.reminder_dispatch_log set available_at = now() - interval '1 hour'`)
    },
    remedy: sendAll,
  },
  sends_broken_off: {
    cause: async (database) => {
      const organisation = await addOrganisation(database)
      await rest(database)
      const mentor = await addMentor(database, { organisation, daysLeft: 30 })
      for (let round = 0; round < 3; round += 1) await breakOff(database, mentor)
    },
    remedy: async (database) => {
      const attempts = await attemptsOf(database, await reminders(database))
      await finish(
        database,
        attempts.map((attempt) => ({ ...attempt, answers: { email: accepted } })),
      )
    },
  },
  mentors_uncertified: {
    cause: async (database) => {
      await addMentor(database, { organisation: await addOrganisation(database) })
      await nextDay(database)
    },
    remedy: (database) =>
      database.query(
        `insert into expiry.certifications (mentor_id, expiry_date) select id, '2200-01-01' from expiry.mentors`,
      ),
  },
  mentors_unreachable: {
    cause: async (database) => {
      const organisation = await addOrganisation(database)
      await addMentor(database, { organisation, coordinator: null, daysLeft: 200 })
      await nextDay(database)
    },
    remedy: (database) => database.query(`update expiry.organisations set fallback_email = 'office@people.example'`),
  },
  duplicate_reminders: {
    cause: async (database) => {
      await setClock(database, '2026-03-01T12:00:00Z')
      const organisation = await addOrganisation(database)
      const mentor: Mentor = await addMentor(database, { organisation, expiryDate: '2026-03-31' })
      await sendAll(database)
      await setClock(database, '2026-03-20T12:00:00Z')
      await nightly(database)
      await moveExpiryDate(database, mentor, '2026-04-19')
      await sendAll(database)
      await nextDay(database)
    },
    remedy: async (database) => {
      await database.query(`update expiry.reminder_dispatch_log set sent_at = sent_at - interval '2 days'`)
      await nextDay(database)
    },
  },
  time_zone_unknown: {
    cause: async (database) => forgetZone(database, await addOrganisation(database)),
    remedy: (database) => database.query(`update expiry.organisations set time_zone = 'Europe/Oslo'`),
  },
  self_check_failed: {
    cause: (database) => database.query('alter view expiry.stuck_reminders rename to away'),
    remedy: (database) => database.query('alter view expiry.away rename to stuck_reminders'),
  },
  mentor_stuck: {
    cause: async (database) => {
      const organisation = await addOrganisation(database)
      await rest(database)
      const mentor = await addMentor(database, { organisation })
      await refuseRemindersOf(database, [mentor])
      await database.query(
        'insert into expiry.certifications (mentor_id, expiry_date) values ($1, expiry.today($2) + 20)',
        [mentor.id, organisation],
      )
      await sweepAnHourLater(database)
    },
    remedy: async (database) => {
      await database.query('truncate public.refused')
      await sweepAnHourLater(database)
    },
  },
  pg_cron_failing: {
    cause: (database) =>
      database.query(
        `select expiry.keep_alert('pg_cron_failing', 'warning', 'pg_cron_failing', true, '{"fault": "gone"}')`,
      ),
    remedy: (database) =>
      database.query(`select expiry.keep_alert('pg_cron_failing', 'warning', 'pg_cron_failing', false, '{}')`),
  },
  test: {
    cause: (database) => database.query(`select expiry.raise_alert('test', 'warning', 'test:1', '{}')`),
    remedy: (database) => database.query(`select expiry.resolve_alert('test:1')`),
  },
}

/** What fixtures call people and organisations, and where they live. */
const personal = /Mentor \d|Coordinator \d|Organisation \d|organisation-\d|@example\.org|@people\.example/

test.each(Object.entries(stories))(
  '%s: one alert at each destination while the cause stands, one all-clear when it is gone, and nobody is named',
  async (kind, { cause, remedy }) => {
    await using telling = await startTelling()
    const { database } = telling
    await cause(database)
    await telling.settles(`opened ${kind}`)
    await remedy(database)
    await telling.settles(`opened ${kind}`, `resolved ${kind}`)
    const everything = await telling.everything()
    expect(everything).toContain(kind)
    expect(everything).not.toMatch(personal)
    expect(telling.events.filter((event) => event.kind === 'alerts_failed')).toEqual([])
    expect(telling.events.flatMap((event) => (event.kind === 'alert' ? [event.notice] : []))).toEqual([
      'opened',
      'resolved',
    ])
  },
)

/** With a notifier, or a portal-sync, which alone can say so. */
const elsewhere = ['channel_out_of_order', 'portal_out_of_order', 'portal_secret_expires']

test('every kind has its story, here or where its service is', () => {
  expect([...Object.keys(stories), ...elsewhere].sort()).toEqual([...alertKinds].sort())
})
