import { z } from 'zod'

/** The queue whose jobs these are. */
export const portalQueue = 'portal'

/** The data of a job in the queue of the website: whose desired state is to be shown, and in which version. */
export const PortalJob = z.object({
  // Whatever PostgreSQL takes for a uuid: the ids of mentors are the host application's.
  mentorId: z.guid(),
  version: z.number().int().positive(),
})
export type PortalJob = z.infer<typeof PortalJob>

/** BullMQ's id of the job: a version is asked for once, and the next one beside it. */
export function portalJobId(job: PortalJob): string {
  return `${job.mentorId}-${job.version}`
}
