import { describe, expect, test } from 'vitest'
import { countByStatus } from '../db/reminders.ts'
import { messagesOf, statusOf } from '../db/status.ts'
import { addCoordinator, addMentor, addOrganisation, moveExpiryDate, nightly, setClock } from '../support/people.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { type Backend, openPipeline } from './pipeline.ts'

describe.each<{ backend: Backend }>([{ backend: 'redis' }, { backend: 'postgres' }])(
  'with its queue in $backend',
  ({ backend }) => {
    const pipelineTest = test.skipIf(backend === 'redis' && !hasRedis())

    pipelineTest('a date that runs out is told once after the night, and the renewal once', async () => {
      await using pipeline = await openPipeline(backend)
      const { database, smtp } = pipeline
      await setClock(database, '2026-03-01T12:00:00Z')
      const organisation = await addOrganisation(database)
      const coordinator = await addCoordinator(database, { organisation, email: 'kari@example.org' })
      const mentor = await addMentor(database, { organisation, coordinator, expiryDate: '2026-04-15' })
      pipeline.startListener()
      const notifier = pipeline.startNotifier()
      const told = (count: number) =>
        waitFor(`message ${count}`, async () => (await countByStatus(database)).sent === count)

      await setClock(database, '2026-04-16T12:00:00Z')
      await nightly(database)
      await nightly(database)
      await told(1)
      expect(await statusOf(database, mentor)).toBe('certification_expired')
      await moveExpiryDate(database, mentor, '2028-04-15')
      await told(2)
      expect(await statusOf(database, mentor)).toBe('active')
      await nightly(database)

      expect(await messagesOf(database, mentor)).toEqual(['lapsed 2026-04-15 sent', 'restored 2028-04-15 sent'])
      expect(smtp.received.map(({ envelope }) => envelope.to)).toEqual([['kari@example.org'], ['kari@example.org']])
      expect(smtp.received.map(({ messageId }) => messageId.split('.').slice(0, 3).join(' '))).toEqual([
        '<lapsed 0 2026-04-15',
        '<restored 0 2028-04-15',
      ])
      const [lapsed, restored] = await Promise.all(smtp.received.map((message) => message.parse()))
      expect(lapsed?.text).toContain('gikk ut av tjeneste torsdag 16. april 2026')
      expect(restored?.text).toContain('tilbake i tjeneste siden torsdag 16. april 2026')
      expect(notifier.events.filter(({ kind }) => kind === 'failed')).toEqual([])
    })

    pipelineTest('who is restored to a pause is told as paused, with the first day back', async () => {
      await using pipeline = await openPipeline(backend)
      const { database, smtp } = pipeline
      await setClock(database, '2026-03-01T12:00:00Z')
      const organisation = await addOrganisation(database)
      const mentor = await addMentor(database, { organisation, expiryDate: '2026-04-15' })
      await database.query(`update expiry.mentors set status = 'paused', paused_until = '2026-05-01'`)
      pipeline.startListener()
      pipeline.startNotifier()
      await setClock(database, '2026-04-16T12:00:00Z')
      await nightly(database)
      await waitFor('the first', async () => smtp.received.length === 1)
      await moveExpiryDate(database, mentor, '2028-04-15')
      await waitFor('the second', async () => smtp.received.length === 2)
      const mail = await smtp.received[1]?.parse()
      expect(mail?.subject).toContain('Fortsatt på pause')
      expect(mail?.text).toContain('Første dag tilbake er fredag 1. mai 2026.')
    })
  },
)
