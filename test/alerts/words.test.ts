import { expect, test } from 'vitest'
import { wordsForAlert } from '../../runtime/alerts/words.ts'

const organisation = '8a8e3f0a-6c52-4a43-9d3e-0d8a1f3f5b11'
const mentors = ['3b1f8a52-90a7-4f6e-8f4b-6f1d2c9e7a21', '5d0c6f57-2f0e-4a3a-b7b8-1c8f5e2a9d30']

test.each([
  ['mentors_uncertified', `mentor-expiry explain ${organisation}/${mentors[0]} tells`],
  ['mentors_unreachable', `mentor-expiry explain ${organisation}/${mentors[0]} tells`],
  ['expiries_held', `mentor-expiry approve-expiry ${organisation} --dry-run.`],
])('%s tells a command that only needs to be typed', (kind, command) => {
  expect(wordsForAlert({ kind, facts: { organisation, mentors, count: 2 } }).todo).toContain(command)
})
