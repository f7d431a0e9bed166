import { describe, expect, test } from 'vitest'
import { countByStatus, onlyReminder } from '../db/reminders.ts'
import { addCoordinator, addMentor, addOrganisation, only } from '../support/people.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { type Backend, openPipeline, type Pipeline } from './pipeline.ts'

/** Resolves when so many rows wait in the queue; nobody sends yet. */
async function queued({ database }: Pipeline, count: number): Promise<void> {
  await waitFor('the queue', async () => (await countByStatus(database)).queued === count)
}

describe.each<{ backend: Backend }>([{ backend: 'redis' }, { backend: 'postgres' }])(
  'with its queue in $backend',
  ({ backend }) => {
    const pipelineTest = test.skipIf(backend === 'redis' && !hasRedis())

    pipelineTest(
      'a coordinator who changed between queue and send: the new one is reminded, the old one is not',
      async () => {
        await using pipeline = await openPipeline(backend)
        const { database, smtp } = pipeline
        const organisation = await addOrganisation(database)
        const mentor = await addMentor(database, { organisation, daysLeft: 30 })
        pipeline.startListener()
        await queued(pipeline, 1)
        const successor = await addCoordinator(database, { organisation, email: 'successor@example.org' })
        await database.query('update expiry.mentors set coordinator_id = $2 where id = $1', [mentor.id, successor])

        pipeline.startNotifier()
        await waitFor('the record', async () => (await onlyReminder(database, mentor)).status === 'sent')
        expect(only(smtp.received).envelope.to).toEqual(['successor@example.org'])
      },
    )

    pipelineTest('a certification that was renewed between queue and send: nobody is told', async () => {
      await using pipeline = await openPipeline(backend)
      const { database, smtp } = pipeline
      const organisation = await addOrganisation(database)
      const renewed = await addMentor(database, { organisation, daysLeft: 30 })
      const other = await addMentor(database, { organisation, daysLeft: 30 })
      pipeline.startListener()
      await queued(pipeline, 2)
      await database.query('update expiry.certifications set expiry_date = expiry_date + 365 where mentor_id = $1', [
        renewed.id,
      ])

      const notifier = pipeline.startNotifier()
      await waitFor('its job to be looked at', () => notifier.events.some(({ kind }) => kind === 'skipped'))
      await waitFor('the other', async () => (await onlyReminder(database, other)).status === 'sent')
      expect(await onlyReminder(database, renewed)).toMatchObject({
        status: 'superseded',
        reason: 'renewed',
        attempts: 0,
      })
      expect(smtp.received).toHaveLength(1)
    })

    pipelineTest(
      'a mentor without a reachable coordinator: the row says so, and goes out once one is assigned',
      async () => {
        await using pipeline = await openPipeline(backend)
        const { database, smtp } = pipeline
        const organisation = await addOrganisation(database)
        const lonely = await addMentor(database, { organisation, coordinator: null, daysLeft: 30 })
        const left = await addMentor(database, { organisation, daysLeft: 30 })
        expect(await onlyReminder(database, lonely)).toMatchObject({ status: 'failed', reason: 'no_recipient' })
        pipeline.startListener()
        await queued(pipeline, 1)
        // No trigger looks at this row again before its send: begin has to notice.
        const host = await database.connect()
        await host.query(`begin; select from expiry.reminder_dispatch_log where mentor_id = '${left.id}' for update`)
        await database.query('update expiry.coordinators set active = false')
        await host.query('rollback')
        const notifier = pipeline.startNotifier()
        await waitFor('the failure', () => notifier.events.some(({ kind }) => kind === 'failed'))
        const failed = await onlyReminder(database, left)
        expect(failed).toMatchObject({ status: 'failed', reason: 'no_recipient', attempts: 0 })
        const job = await waitFor('its job', async () => {
          const found = await pipeline.job(failed)
          return found?.finishedOn ? found : undefined
        })
        expect(job.failedReason).toBe('no_recipient')
        expect(smtp.received).toEqual([])

        const helper = await addCoordinator(database, { organisation, email: 'helper@example.org' })
        await database.query('update expiry.mentors set coordinator_id = $1', [helper])
        await waitFor('both to be sent', async () => (await countByStatus(database)).sent === 2)
        expect(smtp.received.map(({ envelope }) => envelope.to)).toEqual([
          ['helper@example.org'],
          ['helper@example.org'],
        ])
      },
    )

    pipelineTest('the escalation address gets a copy at seven days and at no other', async () => {
      await using pipeline = await openPipeline(backend)
      const { database, smtp } = pipeline
      const organisation = await addOrganisation(database, { escalationEmail: 'head@example.org' })
      const coordinator = await addCoordinator(database, { organisation, email: 'kari@example.org' })
      for (const daysLeft of [30, 14, 7]) await addMentor(database, { organisation, coordinator, daysLeft })
      pipeline.startListener()
      pipeline.startNotifier()
      await waitFor('all to be sent', async () => (await countByStatus(database)).sent === 3)
      const copied = smtp.received.filter(({ envelope }) => envelope.to.includes('head@example.org'))
      expect(smtp.received).toHaveLength(3)
      expect(only(copied).envelope.to).toEqual(['kari@example.org', 'head@example.org'])
      expect(only(copied).messageId).toContain('.7.')
    })

    pipelineTest('both services stop when told to, and leave no connection behind', async () => {
      await using pipeline = await openPipeline(backend)
      const { database, smtp } = pipeline
      const organisation = await addOrganisation(database)
      const [listener, notifier] = [pipeline.startListener(), pipeline.startNotifier()]
      await addMentor(database, { organisation, daysLeft: 30 })
      await waitFor('the record', async () => (await countByStatus(database)).sent === 1)
      const started = performance.now()
      await Promise.all([listener.stop(), notifier.stop()])
      expect(performance.now() - started).toBeLessThan(5_000)
      expect([listener.events.at(-1)?.kind, notifier.events.at(-1)?.kind]).toEqual(['stopped', 'stopped'])
      await waitFor('their connections to end', async () => {
        const { rowCount } = await database.query(
          `select from pg_stat_activity where datname = current_database() and application_name like 'mentor-expiry%'`,
        )
        return rowCount === 0 && smtp.connections.open === 0
      })
    })
  },
)
