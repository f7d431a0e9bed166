import type { AlertFacts, AlertNotice } from '../../contracts/alert.ts'

/** What an alert says to people: in one line, in a sentence, and what to do. `runbook` names a document of this package. */
export type AlertWords = { title: string; happened: string; todo: string; runbook: string }

const operations = 'docs/operations.md'
const nightLate = 'docs/runbooks/night-late.md'
const mailOutOfOrder = 'docs/runbooks/mail-out-of-order.md'
const credentialRotation = 'docs/runbooks/credential-rotation.md'
const sendsBrokenOff = 'docs/runbooks/sends-broken-off.md'
const portalOutage = 'docs/runbooks/portal-outage.md'

/** The command that tells who the first of the ids is: names, and what a host calls people, stand in no alert. */
function explain({
  organisation = '<organisation>',
  mentors: [first = '<id>'] = [],
  mentor = first,
}: AlertFacts): string {
  return `mentor-expiry explain ${organisation}/${mentor} tells who it is, and why.`
}

type Wording = (facts: AlertFacts) => Omit<AlertWords, 'runbook'> & { runbook?: string }

/** One wording a kind; facts may be missing. */
const wordings: Readonly<Record<string, Wording>> = {
  channel_out_of_order: ({ channel = 'a channel', code = 'unknown' }) => ({
    title: `the channel ${channel} is out of order`,
    happened: `The channel ${channel} takes no message (${code}). Nothing is lost: its messages wait, and another channel goes on.`,
    todo: 'Mend the server, the login or the certificate; the services go on by themselves.',
    runbook: mailOutOfOrder,
  }),
  nightly_late: ({ organisations, blocked, code }) => ({
    title: 'the night is late',
    happened: `The night of ${many(organisations, 'organisation')} was not run in time${
      blocked
        ? `, and nobody can run it${code === undefined ? '' : ` (${code})`}`
        : ': pg_cron has not run it, a listener has'
    }.`,
    todo: 'See why its schedule does not run it; a listener catches up at once.',
    runbook: nightLate,
  }),
  nightly_failed: ({ run, phases = [], codes = [] }) => ({
    title: 'a night has failed in part',
    happened: `Run ${run ?? '?'} has failed in ${list(phases)} (${list(codes)}); all other phases were done.`,
    todo: 'See whom the phase names as stuck, mend that, and run a night by hand.',
    runbook: nightLate,
  }),
  nightly_crashed: ({ run, organisations }) => ({
    title: 'a night was broken off',
    happened: `Run ${run ?? '?'} for ${many(organisations, 'organisation')} was broken off before its end.`,
    todo: 'The next run does its work; where none comes within the hour, run one by hand.',
    runbook: nightLate,
  }),
  time_zone_unknown: ({ organisations }) => ({
    title: 'the server does not know a time zone',
    happened: `PostgreSQL does not know the time zone of ${many(organisations, 'organisation')} any more. Dates and sending hours go by UTC there: what falls due may be up to a day early or late.`,
    todo: 'mentor-expiry doctor names it. Give the organisation a zone that the server knows, or the server the tzdata that has it (Debian: tzdata-legacy); it is in force within a minute.',
  }),
  rows_stuck: ({ pending = 0, queued = 0, sending = 0 }) => ({
    title: 'reminders stand still',
    happened: `Reminders that should move do not: ${pending} pending, ${queued} queued, ${sending} sending.`,
    todo: 'Pending: is a listener running, does the queue answer? Queued: is a notifier running? Sending: is a listener running?',
  }),
  sends_broken_off: ({ count, reminders = [], rescues }) => ({
    title: 'no notifier comes back from a reminder',
    happened: `${many(rescues, 'time')} in a row a notifier has begun ${many(count, 'reminder')} and was not heard of again: ${list(reminders.map(String))}. Each time the lease ran out, and what was sent with them may have gone out.`,
    todo: 'See how the notifiers ended, and whether one message ends them: select * from expiry.broken_off_reminders.',
    runbook: sendsBrokenOff,
  }),
  expiries_held: ({ organisation = 'unknown', count }) => ({
    title: 'expiries are held',
    happened: `A change of data would take ${many(count, 'mentor')} of the organisation ${organisation} out of service. They are held.`,
    todo: `See whether the change is right: mentor-expiry approve-expiry ${organisation} --dry-run. Then approve-expiry, or reject-expiry and correct the data: docs/runbooks/held-mass-expiry.md.`,
  }),
  mentors_uncertified: ({ organisation = 'unknown', count, mentors = [] }) => ({
    title: 'mentors have no certification',
    happened: `${many(count, 'mentor')} in service of the organisation ${organisation} without a certification on record: ${list(mentors)}.`,
    todo: `Record their expiry dates: until then nobody is reminded about them, and the website does not show them. ${explain({ organisation, mentors })}`,
  }),
  mentors_unreachable: ({ organisation = 'unknown', count, mentors = [] }) => ({
    title: 'nobody can be reminded about some mentors',
    happened: `${many(count, 'mentor')} in service of the organisation ${organisation} without a coordinator who can be reached, and no fallback address: ${list(mentors)}.`,
    todo: `Give them a coordinator with an address, or the organisation a fallback_email. ${explain({ organisation, mentors })}`,
  }),
  mentor_stuck: ({ organisation, mentor = 'unknown', code = 'unknown' }) => ({
    title: 'a mentor cannot be settled',
    happened: `The rows of the mentor ${mentor} could not be written for an hour (${code}).`,
    todo: `The code is an SQLSTATE; select * from expiry.mentor_rechecks tells more. ${explain({ organisation, mentor })}`,
  }),
  duplicate_reminders: ({ count, mentors = [] }) => ({
    title: 'reminders went out twice for one certification period',
    happened: `${many(count, 'reminder')} since the last daily check although one of the same threshold had been sent for a date nearby: ${list(mentors)}.`,
    todo: `Right where the date was moved; otherwise see who moves it: select * from expiry.duplicate_reminders. ${explain({ mentors })}`,
  }),
  pg_cron_failing: ({ fault = 'unknown', code }) => ({
    title: 'pg_cron does not run the night',
    happened:
      fault === 'silent'
        ? 'For more than two of its rounds pg_cron has not called the night. Until it does a listener runs the night.'
        : `The job of pg_cron that runs the night is ${fault}${code === undefined ? '' : ` (${code})`}. Until it is mended a listener runs the night.`,
    todo: 'Run mentor-expiry doctor, area Night, and mentor-expiry migrate where the job is gone or changed.',
    runbook: nightLate,
  }),
  portal_out_of_order: ({ code = 'unknown' }) => ({
    title: 'the website does not take changes',
    happened: `The portal refuses us or does not answer (${code}). Nothing is lost: what must be shown or hidden waits in portal_sync.`,
    todo: `${isAboutCredential(code) ? 'Renew the credential and start portal-sync anew.' : 'mentor-expiry doctor, area Portal, says more; portal-sync goes on by itself when the portal works.'} Must somebody be hidden at once: mentor-expiry break-glass-sync.`,
    runbook: isAboutCredential(code) ? credentialRotation : portalOutage,
  }),
  portal_parked: ({ count, mentors = [] }) => ({
    title: 'the website does not take some mentors',
    happened: `The portal refuses what it must show of ${many(count, 'mentor')}, or has no contact of that key: ${list(mentors)}. They may still be listed.`,
    todo: `Mend the contact or the key; the night tries again, mentor-expiry force-sync at once. ${explain({ mentors })}`,
    runbook: portalOutage,
  }),
  portal_failing: ({ count, mentors = [], code = 'unknown' }) => ({
    title: 'the website fails to take some mentors',
    happened: `The portal has failed again and again to take ${many(count, 'mentor')} (${code}), while it takes others: ${list(mentors)}. They may still be listed.`,
    todo: `They are tried again every quarter of an hour; see with whoever runs Dynamics what fails. ${explain({ mentors })}`,
    runbook: portalOutage,
  }),
  portal_uncompared: () => ({
    title: 'the website was not compared',
    happened: 'For more than a day nobody has compared all contacts of the portal with what they must show.',
    todo: 'Is portal-sync running? select * from expiry.portal_reconciliations order by id desc tells why the last ones failed.',
    runbook: portalOutage,
  }),
  portal_stuck: ({ pending = 0, queued = 0, sending = 0 }) => ({
    title: 'the website is not kept up',
    happened: `For ten minutes nothing was pushed to the portal, or no listener has looked at what a statement about many has changed: ${pending} pending, ${queued} queued, ${sending} sending.`,
    todo: 'Is portal-sync running, is it configured (PORTAL_URL), does the queue answer, is a listener running?',
    runbook: portalOutage,
  }),
  portal_differences_held: ({ code, count, compared }) => ({
    title: 'the website differs too much',
    happened:
      code === 'environment_unknown'
        ? 'The portal is an environment that nobody has compared yet. What differs is held; whoever must not be shown is hidden.'
        : `${many(count, 'contact')} of ${compared ?? 'some'} that claim to be in sync differ. They are held; whoever must not be shown is hidden.`,
    todo: 'See that it is the right environment and the mapping is right (mentor-expiry reconcile --portal); then mentor-expiry reconcile --portal --initial.',
    runbook: portalOutage,
  }),
  portal_contacts_unknown: ({ count }) => ({
    title: 'the website shows contacts that nobody answers for',
    happened: `${many(count, 'contact')} with a key of ours that no published mentor has ${count === 1 ? 'is' : 'are'} shown on the website.`,
    todo: 'See who they are: mentor-expiry reconcile --portal. Give a mentor the key, or have the contact hidden in Dynamics.',
    runbook: portalOutage,
  }),
  portal_secret_expires: ({ count = 0 }) => ({
    title:
      count < 0
        ? 'the credential of the portal has ended'
        : `the credential of the portal ends in ${many(count, 'day')}`,
    happened: `PORTAL_SECRET_EXPIRES_ON is ${count < 0 ? 'past' : `${many(count, 'day')} away`}: after it nothing on the website can be changed.`,
    todo: 'Have a new one made, put it into the configuration with its date, and start portal-sync anew.',
    runbook: credentialRotation,
  }),
  self_check_failed: ({ check = 'unknown', code = 'unknown' }) => ({
    title: 'a self-check fails',
    happened: `The self-check ${check} could not be made (${code}): alerts about what it looks at are not to be relied on.`,
    todo: 'The code is an SQLSTATE; mentor-expiry doctor looks at the same.',
  }),
  test: () => ({
    title: 'this is a test',
    happened: 'Somebody has run mentor-expiry alert-test: alerts arrive here.',
    todo: 'Nothing.',
  }),
}

/** The kinds that have words of their own. */
export const alertKinds: readonly string[] = Object.keys(wordings)

/** The words about one alert; of a kind that this version does not know, what holds for any. */
export function wordsForAlert({ kind, facts }: Pick<AlertNotice, 'kind' | 'facts'>): AlertWords {
  const wording = wordings[kind]
  if (wording) return { runbook: operations, ...wording(facts) }
  return {
    title: 'something is wrong',
    happened: `An alert of the kind ${/^\w{1,60}$/.test(kind) ? kind : 'unknown'} was raised.`,
    todo: 'See select * from expiry.operations_alerts where resolved_at is null.',
    runbook: operations,
  }
}

/** Entra ID's own codes, and a token that Dataverse does not take. */
function isAboutCredential(code: string): boolean {
  return code.startsWith('aadsts_') || code === 'http_401'
}

function many(count: number | undefined, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count ?? 'some'} ${noun}s`
}

function list(items: readonly string[]): string {
  return items.length === 0 ? 'none named' : items.join(', ')
}
