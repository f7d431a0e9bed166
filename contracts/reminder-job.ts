import { z } from 'zod'

/** The queue whose jobs these are. */
export const reminderQueue = 'reminders'

/** The data of a job in the queue of reminders: a key and a fence, never a fact about a person. */
export const ReminderJob = z.object({
  id: z.number().int().positive(),
  generation: z.number().int().nonnegative(),
})
export type ReminderJob = z.infer<typeof ReminderJob>

/** BullMQ's id of the job. BullMQ refuses ids that are integers, and ignores an id that it still holds in any state. */
export function reminderJobId(job: ReminderJob): string {
  return `${job.id}-${job.generation}`
}
