import { expect, test } from 'vitest'
import type { ReminderJob } from '../../contracts/reminder-job.ts'
import { openReminderLog } from '../../services/notifier/log.ts'
import { onlyReminder } from '../db/reminders.ts'
import { type Database, freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation } from '../support/people.ts'

function logOf({ pool }: Database) {
  return openReminderLog({ pool }, { channels: ['email'], lease: 300, retrying: { base: 30, cap: 900, for: 86_400 } })
}

async function addJobs(database: Database, count: number): Promise<ReminderJob[]> {
  const organisation = await addOrganisation(database)
  const jobs: ReminderJob[] = []
  for (let number = 0; number < count; number += 1) {
    const { id, generation } = await onlyReminder(database, await addMentor(database, { organisation, daysLeft: 30 }))
    jobs.push({ id, generation })
  }
  return jobs
}

const verdictsOf = (begun: { verdict: string }[]) => begun.map(({ verdict }) => verdict).sort()

test('a job that comes twice at the same moment, as after a queue that was wiped and filled again, may send once', async () => {
  await using database = await freshDatabase()
  const log = logOf(database)
  const [job] = await addJobs(database, 1)
  if (!job) throw new Error('no job')
  expect(verdictsOf(await Promise.all([log.begin(job), log.begin(job)]))).toEqual(['begun', 'stale'])
})

test('each gets the verdict on its own job, whatever else is in the batch', async () => {
  await using database = await freshDatabase()
  const log = logOf(database)
  const jobs = await addJobs(database, 6)
  const asked = jobs.flatMap((job) => [job, { id: job.id, generation: job.generation + 1 }]).reverse()
  const begun = await Promise.all(asked.map(log.begin))
  expect(begun.map(({ id, generation }) => ({ id, generation }))).toEqual(asked)
  expect(begun.map(({ verdict }) => verdict)).toEqual(
    asked.map(({ generation }) => (generation === 0 ? 'begun' : 'stale')),
  )
  for (const one of begun) if (one.verdict === 'begun') expect(one.delivery.id).toBe(one.id)
})

test('a row that somebody holds is answered as locked, and all others of its batch are begun meanwhile', async () => {
  await using database = await freshDatabase()
  const log = logOf(database)
  const jobs = await addJobs(database, 4)
  const [held, ...free] = jobs
  if (!held) throw new Error('no job')
  const host = await database.connect()
  await host.query('begin')
  await host.query('select from expiry.reminder_dispatch_log where id = $1 for update', [held.id])
  expect(verdictsOf(await Promise.all(jobs.map(log.begin)))).toEqual(['begun', 'begun', 'begun', 'locked'])
  await host.query('rollback')
  expect(await log.begin(held)).toMatchObject({ verdict: 'begun' })
  expect(verdictsOf(await Promise.all(free.map(log.begin)))).toEqual(['stale', 'stale', 'stale'])
})

test('an answer that cannot be recorded yet is told so, and counts when it is handed in again', async () => {
  await using database = await freshDatabase()
  const log = logOf(database)
  const jobs = await addJobs(database, 3)
  await Promise.all(jobs.map(log.begin))
  const at = new Date().toISOString()
  const results = jobs.map((job) => ({
    ...job,
    attempt: 1,
    channels: [
      {
        kind: 'accepted' as const,
        code: 'smtp_250',
        messageId: `<${job.id}@example.org>`,
        channel: 'email',
        startedAt: at,
        finishedAt: at,
      },
    ],
  }))
  const host = await database.connect()
  await host.query('begin')
  await host.query('select from expiry.reminder_dispatch_log where id = $1 for update', [jobs[0]?.id])
  expect(verdictsOf(await Promise.all(results.map(log.finish)))).toEqual(['locked', 'recorded', 'recorded'])
  await host.query('rollback')
  expect(verdictsOf(await Promise.all(results.map(log.finish)))).toEqual(['recorded', 'stale', 'stale'])
})
