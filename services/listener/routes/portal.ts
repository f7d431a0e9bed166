import { PortalJob, portalJobId, portalQueue } from '../../../contracts/portal-job.ts'
import type { Route } from './route.ts'

/** Pending rows of portal_sync, for those who make the website show them. */
export const portal: Route = {
  name: 'portal',
  queue: portalQueue,
  channel: 'expiry_portal_syncs',
  functions: {
    settle: 'expiry.settle_portal_recheck',
    room: 'expiry.portal_queue_room',
    claim: 'expiry.claim_pending_portal_syncs',
    queued: 'expiry.queued_portal_syncs',
    requeue: 'expiry.requeue_lost_portal_syncs',
    rescue: 'expiry.rescue_stuck_portal_syncs',
  },
  first: '00000000-0000-0000-0000-000000000000',
  job({ key, version }) {
    const data = PortalJob.parse({ mentorId: key, version })
    return { name: 'portal-sync', id: portalJobId(data), data }
  },
}
