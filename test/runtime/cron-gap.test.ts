import { expect, test } from 'vitest'
import { longestGap } from '../../runtime/cron-gap.ts'

test.each([
  ['15 * * * *', 60],
  ['* * * * *', 1],
  ['*/20 * * * *', 20],
  ['5-55/10 * * * *', 10],
  ['0,10 * * * *', 50],
  ['30 2 * * *', 24 * 60],
  ['0 6-18/6 * * *', 12 * 60],
  ['0 3,21 * * *', 18 * 60],
])('%s fires every %i minutes at the latest', (schedule, minutes) => {
  expect(longestGap(schedule)).toBe(minutes * 60)
})

test.each(['0 3 * * 1', '0 3 1 * *', '30 seconds', '', '61 * * * *', '0 0 */2 * *', 'every hour now and then'])(
  'nothing is said of %s',
  (schedule) => {
    expect(longestGap(schedule)).toBeUndefined()
  },
)
