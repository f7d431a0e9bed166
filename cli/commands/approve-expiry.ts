import { decisionCommand } from '../held/command.ts'

const help = `mentor-expiry approve-expiry <organisation> [--dry-run | --yes] [--actor NAME] [--json]

Shows the expiries of one organisation that the brake holds: of each mentor the date recorded now, the date last admitted,
which stands, and since when. Then, after a question, lets what is recorded take effect: whoever is lapsed by it leaves
service at once. What was rejected before is shown and approved too.

  --dry-run      shows only
  --yes          does not ask; needed where there is no terminal
  --actor NAME   who decides, kept on record; without it, the login of this machine
  --json         one JSON object: { organisation, decision, decided, outOfService, mentors: [mentor] }

Needs a login with expiry_service. Exit code 0: decided, shown, or nothing is held, 1: not decided, 2: bad usage, or no terminal
and no --yes. \`mentor-expiry reject-expiry\` does the opposite.
`

export const approveExpiryCommand = decisionCommand({
  name: 'approve-expiry',
  help,
  decision: 'approved',
  question: (count) => `Take ${count === 1 ? 'this mentor' : `these ${count} mentors`} out of service?`,
  done: (count, outOfService) =>
    `Approved: ${count === 1 ? '1 mentor' : `${count} mentors`}, ${outOfService} of them out of service now.${
      outOfService < count
        ? ' The others were corrected meanwhile, have no certification and keep their status, or follow at the next sweep, since somebody holds them.'
        : ''
    }`,
})
