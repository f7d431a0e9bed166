import { describe, expect, test } from 'vitest'
import { countByStatus, onlyReminder, reminders } from '../db/reminders.ts'
import { addCoordinator, addMentor, addMentors, addOrganisation, only } from '../support/people.ts'
import { hasRedis } from '../support/servers.ts'
import { waitFor } from '../support/wait.ts'
import { type Backend, openPipeline } from './pipeline.ts'

describe.each<{ backend: Backend }>([{ backend: 'redis' }, { backend: 'postgres' }])(
  'with its queue in $backend',
  ({ backend }) => {
    const pipelineTest = test.skipIf(backend === 'redis' && !hasRedis())

    pipelineTest(
      'a certification that is entered leads to one message at once, and all of it is on record',
      async () => {
        await using pipeline = await openPipeline(backend)
        const { database, smtp } = pipeline
        const listener = pipeline.startListener()
        const notifier = pipeline.startNotifier()
        await waitFor('both to run', () => listening(listener.events) && notifier.events.some(isKind('started')))
        const organisation = await addOrganisation(database)
        await database.query(`update expiry.organisations set mentor_url = 'https://app.example.org/{id}?a=1&b=2'`)
        const coordinator = await addCoordinator(database, { organisation, email: 'kari@example.org' })
        const mentor = await addMentor(database, { organisation, coordinator, daysLeft: 20 })

        await waitFor('the record', async () => (await onlyReminder(database, mentor)).status === 'sent')
        const message = only(smtp.received)
        expect(message.envelope).toEqual({ from: 'reminders@example.org', to: ['kari@example.org'] })
        const mail = await message.parse()
        expect(mail.text).toContain('Mentor')
        expect(mail.text).toContain(`\nhttps://app.example.org/${mentor.id}?a=1&b=2\n`)
        const { id } = await onlyReminder(database, mentor)
        const { rows } = await database.query(
          `select l.provider_message_id, l.date_sent = expiry.today(l.organisation_id) as today, a.attempt, a.channel, a.outcome, a.response
         from expiry.reminder_dispatch_log as l join expiry.reminder_delivery_attempts as a on a.log_id = l.id`,
        )
        expect(rows).toEqual([
          {
            provider_message_id: message.messageId,
            today: true,
            attempt: 1,
            channel: 'email',
            outcome: 'accepted',
            response: 'smtp_250',
          },
        ])
        const sent = await waitFor('the event', () => notifier.events.find(isKind('sent')))
        expect(sent).toMatchObject({ kind: 'sent', id, attempt: 1, late: false })
        expect('lateSeconds' in sent && sent.lateSeconds).toBeGreaterThan(0)
        expect('lateSeconds' in sent && sent.lateSeconds).toBeLessThan(10)
      },
    )

    pipelineTest(
      'an update such as one types into psql leads to its reminder at once, and repeating it to none',
      async () => {
        await using pipeline = await openPipeline(backend)
        const { database, smtp } = pipeline
        const organisation = await addOrganisation(database)
        const mentor = await addMentor(database, { organisation, daysLeft: 300 })
        const listener = pipeline.startListener()
        const notifier = pipeline.startNotifier()
        await waitFor('both to run', () => listening(listener.events) && notifier.events.some(isKind('started')))
        const update = `update expiry.certifications set expiry_date = current_date + 13 where mentor_id = '${mentor.id}'`

        const psql = await database.connect()
        await psql.query(update)
        await waitFor('the record', async () => (await countByStatus(database)).sent === 1)
        await psql.query(update)
        await psql.query('select expiry.run_nightly()')
        expect(await reminders(database)).toMatchObject([{ thresholdDay: 14, status: 'sent', attempts: 1 }])
        expect(smtp.received).toHaveLength(1)
      },
    )

    pipelineTest('two hundred mentors lead to two hundred messages, each once', async () => {
      await using pipeline = await openPipeline(backend)
      const { database, smtp } = pipeline
      const organisation = await addOrganisation(database)
      pipeline.startListener()
      pipeline.startNotifier()
      await addMentors(database, { organisation, count: 200, daysLeft: 5 })
      await waitFor('all to be sent', async () => (await countByStatus(database)).sent === 200, { deadlineMs: 20_000 })
      expect(await countByStatus(database)).toEqual({ sent: 200 })
      expect(smtp.countByMessageId().size).toBe(200)
      expect(smtp.received).toHaveLength(200)
    })

    pipelineTest(
      'a message that the server refuses fails alone: its row and its job tell so, all others are sent',
      async () => {
        await using pipeline = await openPipeline(backend)
        const { database, smtp } = pipeline
        const organisation = await addOrganisation(database)
        const coordinator = await addCoordinator(database, { organisation, email: 'gone@example.org' })
        smtp.script({ at: 'recipient', act: { reply: 550 }, recipient: 'gone@example.org' })
        await addMentors(database, { organisation, count: 10, daysLeft: 30 })
        const unlucky = await addMentor(database, { organisation, coordinator, daysLeft: 30 })
        await addMentors(database, { organisation, count: 10, daysLeft: 30 })
        pipeline.startListener()
        const notifier = pipeline.startNotifier()

        await waitFor('all to be through', async () => {
          const { sent = 0, failed = 0 } = await countByStatus(database)
          return sent + failed === 21
        })
        expect(await countByStatus(database)).toEqual({ sent: 20, failed: 1 })
        const row = await onlyReminder(database, unlucky)
        expect(row).toMatchObject({ status: 'failed', reason: 'rejected', attempts: 1 })
        const job = await waitFor('the job', async () => {
          const found = await pipeline.job(row)
          return found?.finishedOn ? found : undefined
        })
        expect(job.failedReason).toBe('rejected')
        expect(JSON.stringify(job)).not.toContain('example.org')
        expect(smtp.received).toHaveLength(20)
        expect(notifier.events.filter(isKind('gate_closed'))).toEqual([])
      },
    )

    pipelineTest('a message that is put off is tried again and counts both attempts', async () => {
      await using pipeline = await openPipeline(backend)
      const { database, smtp } = pipeline
      const organisation = await addOrganisation(database)
      smtp.script({ at: 'end', act: { reply: 451 }, times: 1 })
      const mentor = await addMentor(database, { organisation, daysLeft: 30 })
      pipeline.startListener({ SWEEP_INTERVAL: '0.3' })
      pipeline.startNotifier()
      await waitFor('the record', async () => (await onlyReminder(database, mentor)).status === 'sent')
      const { rows } = await database.query(
        'select attempt, outcome, response from expiry.reminder_delivery_attempts order by attempt',
      )
      expect(rows).toEqual([
        { attempt: 1, outcome: 'failed', response: 'smtp_451' },
        { attempt: 2, outcome: 'accepted', response: 'smtp_250' },
      ])
      expect(smtp.received).toHaveLength(1)
    })
  },
)

const isKind =
  (kind: string) =>
  (event: { kind: string }): boolean =>
    event.kind === kind

const listening = (events: readonly { kind: string }[]) => events.some(isKind('listening'))
