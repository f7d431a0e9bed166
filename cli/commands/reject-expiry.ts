import { decisionCommand } from '../held/command.ts'

const help = `mentor-expiry reject-expiry <organisation> [--dry-run | --yes] [--actor NAME] [--json]

Shows the expiries of one organisation that the brake holds, as approve-expiry does. Then, after a question, refuses them:
everybody stays in service under the date last admitted until the data is corrected, or until that date runs out itself.
They can still be approved later.

  --dry-run      shows only
  --yes          does not ask; needed where there is no terminal
  --actor NAME   who decides, kept on record; without it, the login of this machine
  --json         one JSON object: { organisation, decision, decided, outOfService, mentors: [mentor] }

Needs a login with expiry_service. Exit code 0: decided, shown, or nothing is held, 1: not decided, 2: bad usage, or no terminal
and no --yes.
`

export const rejectExpiryCommand = decisionCommand({
  name: 'reject-expiry',
  help,
  decision: 'rejected',
  question: (count) =>
    `Leave ${count === 1 ? 'this mentor' : `these ${count} mentors`} in service under the date last admitted?`,
  done: (count) =>
    `Rejected: ${count === 1 ? '1 mentor keeps the date' : `${count} mentors keep the dates`} last admitted. Correct the data now.`,
})
