import { describe, expect, test, vi } from 'vitest'
import type { Database } from '../support/database.ts'
import { addMentors, addOrganisation, type Runner } from '../support/people.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { openQueueContent } from './queue-content.ts'
import { addPendingReminders, allSent, countOf, expectEachOnce, isClaiming, keysOf, openStage } from './stage.ts'

vi.setConfig({ testTimeout: 60_000 })
const ROWS = 300

describe.skipIf(!hasRedis())('a Redis that hangs', () => {
  test('never makes the host wait; rows stay pending, and what was given up is sent once when it goes on', async () => {
    await using stage = await openStage()
    const { database, redis, smtp } = stage
    await using queue = openQueueContent(redis)
    const listener = await stage.start('listener')
    const notifier = await stage.start('notifier')
    await addPendingReminders(database, 20)
    await allSent(database, 20)
    const host = await openHost(database, ROWS)

    redis.pause()
    // One alone would be handed on before a claim holds it.
    const times = [await host.moveDates(2)]
    await waitFor('a claim that holds rows', () => isClaiming(database), { intervalMs: 5 })
    // The mentor whose reminder the claim holds gets another date, and then everybody else.
    const corrected = await host.correctFirstDate()
    expect(await isClaiming(database)).toBe(true)
    expect(corrected).toBeLessThan(1_000)
    while (times.length < ROWS - 1) times.push(await host.moveDates(1))
    // On, until the listener has given up a claim and a sweep.
    const hasGivenUp = () => ['dispatch_failed', 'sweep_failed'].every((kind) => listener.events(kind).length > 0)
    while (!hasGivenUp() && times.length < 20_000) times.push(await host.renameFirst())
    expect(hasGivenUp()).toBe(true)
    expect(percentile(times, 99)).toBeLessThan(100)
    // The first one's former date has a row of its own, which is taken out of the way as soon as the claim lets it go.
    expect(await countOf(database, 'pending', 'superseded')).toBe(ROWS + 1)
    expect(await countOf(database, 'queued')).toBe(0)

    redis.resume()
    await listener.waitForEvent('dispatch_recovered')
    await waitFor('all to be sent', async () => (await countOf(database, 'sent')) === 20 + ROWS, { deadlineMs: 40_000 })
    expect(await countOf(database, 'superseded')).toBe(1)
    expect(await countOf(database, 'pending', 'queued', 'sending', 'failed')).toBe(0)
    expectEachOnce(smtp, 20 + ROWS)
    await waitFor('the last job to end', async () => (await queue.jobIds('active')).length === 0)
    // Whatever was added from the backlog of commands belongs to a reminder, in its present generation.
    expect(await keysOf(database)).toEqual(expect.arrayContaining(await queue.jobIds()))
    expect(listener.isRunning() && notifier.isRunning()).toBe(true)
  })
})

/** The host application: one connection, small statements; each answers with its milliseconds. */
async function openHost(database: Database, mentors: number) {
  const client = await database.connect()
  const organisation = await addOrganisation(client)
  await client.query('update expiry.organisations set processed_on = expiry.today(id) where id = $1', [organisation])
  await addMentors(client, { organisation, count: mentors, daysLeft: 200 })
  const { rows } = await client.query<{ id: string }>('select id from expiry.mentors where organisation_id = $1', [
    organisation,
  ])
  const ids = rows.map(({ id }) => id)
  let next = 0
  const moveDate = 'update expiry.certifications set expiry_date = expiry_date'
  return {
    /** Of so many mentors whose date was not moved before. */
    moveDates: (count: number) => {
      next += count
      return timed(client, `${moveDate} - 170 where mentor_id = any ($1)`, [ids.slice(next - count, next)])
    },
    correctFirstDate: () => timed(client, `${moveDate} - 1 where mentor_id = $1`, [ids[0]]),
    renameFirst: () => timed(client, `update expiry.mentors set full_name = full_name || '.' where id = $1`, [ids[0]]),
  }
}

async function timed(runner: Runner, sql: string, values: unknown[]): Promise<number> {
  const start = performance.now()
  const { rowCount } = await runner.query(sql, values)
  if (!rowCount) throw new Error('the host changed nothing')
  return performance.now() - start
}

function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? Number.NaN
}
