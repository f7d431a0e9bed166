import { ReminderJob, reminderJobId, reminderQueue } from '../../../contracts/reminder-job.ts'
import type { Route } from './route.ts'

/** Pending rows of reminder_dispatch_log, for the notifiers. */
export const reminders: Route = {
  name: 'reminders',
  queue: reminderQueue,
  channel: 'expiry_reminders',
  rowNamedBy(payload) {
    const [, id, generation, priority] = /^([1-9]\d{0,14}) (\d{1,9}) (\d{1,4})$/.exec(payload) ?? []
    return id === undefined ? undefined : { key: Number(id), version: Number(generation), priority: Number(priority) }
  },
  functions: {
    room: 'expiry.reminder_queue_room',
    claim: 'expiry.claim_pending_reminders',
    queued: 'expiry.queued_reminders',
    requeue: 'expiry.requeue_lost_reminders',
    rescue: 'expiry.rescue_stuck_reminders',
  },
  first: 0,
  job({ key, version }) {
    const data = ReminderJob.parse({ id: key, generation: version })
    return { name: 'reminder', id: reminderJobId(data), data }
  },
}
