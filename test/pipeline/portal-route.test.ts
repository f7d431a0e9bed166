import { describe, expect, test, vi } from 'vitest'
import { portalQueue } from '../../contracts/portal-job.ts'
import { connectQueue } from '../../runtime/queue.ts'
import { publish, syncOf } from '../db/portal.ts'
import { addMentor, addOrganisation, setStatus } from '../support/people.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { type Backend, openPipeline } from './pipeline.ts'

vi.setConfig({ testTimeout: 60_000 })

const whichBackend: { backend: Backend }[] = [{ backend: 'redis' }, { backend: 'postgres' }]

describe.each(whichBackend)('the queue of the website in $backend', ({ backend }) => {
  test.skipIf(backend === 'redis' && !hasRedis())(
    'gets a job for each version that is to be shown, and the next where one is lost',
    async () => {
      await using pipeline = await openPipeline(backend)
      const { database, queueUrl: url } = pipeline
      const organisation = await addOrganisation(database)
      await database.query('update expiry.organisations set processed_on = expiry.today(id)')
      const mentor = await addMentor(database, { organisation, daysLeft: 365 })
      const listener = pipeline.startListener({ SWEEP_INTERVAL: '0.5', AUDIT_AFTER: '1' })
      const connection = connectQueue({ url, role: 'worker', name: 'test', connections: 1, onError: () => undefined })
      const queue = connection.openQueue(portalQueue)
      const jobOf = (version: number) => queue.getJob(`${mentor.id}-${version}`)
      try {
        await publish(database, mentor)
        await waitFor('a job to show', async () => (await jobOf(1)) !== undefined)
        await setStatus(database, mentor, 'paused')
        await waitFor('a job to hide', async () => (await jobOf(2)) !== undefined)
        expect([(await jobOf(1))?.opts.priority, (await jobOf(2))?.opts.priority]).toEqual([3, 2])
        await waitFor('the claim', async () => (await syncOf(database, mentor))?.status === 'queued')
        await (await jobOf(2))?.remove()
        await waitFor('its successor', async () => (await jobOf(3)) !== undefined)
        expect((await jobOf(3))?.data).toEqual({ mentorId: mentor.id, version: 3 })
        expect(listener.events).toContainEqual({ kind: 'jobs_lost', route: 'portal', count: 1 })
        expect(listener.events.filter(({ kind }) => kind.endsWith('_failed'))).toEqual([])
      } finally {
        await queue.close()
        await connection.close()
      }
    },
  )
})
