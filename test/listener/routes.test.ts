import { expect, test } from 'vitest'
import { PortalJob } from '../../contracts/portal-job.ts'
import { ReminderJob } from '../../contracts/reminder-job.ts'
import { portal } from '../../services/listener/routes/portal.ts'
import { reminders } from '../../services/listener/routes/reminders.ts'

const mentor = '0e984725-c51c-4bf4-9960-e1c80e27aba0'

test.each([
  {
    route: reminders,
    row: { key: 4711, version: 2 },
    contract: ReminderJob,
    job: { name: 'reminder', id: '4711-2', data: { id: 4711, generation: 2 } },
  },
  {
    route: portal,
    row: { key: mentor, version: 3 },
    contract: PortalJob,
    job: { name: 'portal-sync', id: `${mentor}-3`, data: { mentorId: mentor, version: 3 } },
  },
])('a job of the route $route.name names the row and its version, as its contract says', (example) => {
  const { route, row, contract, job } = example
  expect(route.job(row)).toEqual(job)
  expect(contract.parse(job.data)).toEqual(job.data)
  expect(route.first < row.key).toBe(true)
})

test('a mentor whose id follows no version of the standard has a job as well', () => {
  expect(portal.job({ key: '11111111-1111-1111-1111-111111111111', version: 1 }).data).toBeDefined()
})
