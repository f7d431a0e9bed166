import { expect, test, vi } from 'vitest'
import { claim, portions, unsettled } from '../db/portal.ts'
import { addMany, pauseAll, publishAll } from '../db/portions.ts'
import { openPipeline, type Pipeline } from '../pipeline/pipeline.ts'
import { waitFor } from '../support/wait.ts'

vi.setConfig({ testTimeout: 60_000 })

const many = 2_100

/** A pipeline whose mentors, too many to be settled in one statement, are all on the website. */
async function openPublished(): Promise<Pipeline> {
  const pipeline = await openPipeline('postgres')
  const { database } = pipeline
  await addMany(database, many)
  await publishAll(database)
  await database.query(`update expiry.portal_sync set synced_at = now() - interval '1 hour'`)
  return pipeline
}

test('what a statement about many has left is settled at its doorbell, also while the window is full: the most urgent go next', async () => {
  await using pipeline = await openPublished()
  const { database } = pipeline
  const listener = pipeline.startListener({ QUEUE_WINDOW: '100' })
  await waitFor('the listener', () => listener.events.some(({ kind }) => kind === 'listening'))
  await database.query('update expiry.certifications set expiry_date = expiry_date + 1')
  await waitFor('a full window', () => listener.events.some(({ kind }) => kind === 'dispatched'))
  await database.query(`update expiry.mentors set status = 'paused'
    where id in (select id from expiry.mentors order by id desc limit 1050)`)
  await waitFor('all to be settled', async () => (await portions(database)).length === 0)
  expect(await unsettled(database)).toEqual([])
  const next = await claim(database, 1_000)
  expect(new Set(next.map(({ priority }) => priority))).toEqual(new Set([2]))
})

test('a queue that is away does not keep it from being settled', async () => {
  await using pipeline = await openPublished()
  const { database } = pipeline
  await pauseAll(database)
  pipeline.startListener({ QUEUE_URL: 'redis://127.0.0.1:1', SWEEP_INTERVAL: '0.2' })
  await waitFor('all to be settled', async () => (await portions(database)).length === 0)
  expect(await unsettled(database)).toEqual([])
})
