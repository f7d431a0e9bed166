/** The outcomes that are still to come of reminders, messages about service and departures, each with what there is to happen. */
export const comingWords: Record<string, string> = {
  pending: 'to be queued',
  queued: 'in the queue',
  sending: 'being sent',
  due: 'due: made by the next night',
  upcoming: 'made by that night',
  retry: 'failed, tried again by the next night',
  leaves_service: 'leaves service by that night',
}

/** The others: why no reminder comes. */
export const reasonWords: Record<string, string> = {
  later: 'certified for longer than these days: the next reminder comes later',
  reminded: 'reminded already, and nothing further in these days',
  no_recipient: 'would be due, but reach nobody: no coordinator with an address, no fallback_email',
  failed: 'refused for good: tried again when the recipient changes, or by `mentor-expiry retry`',
  lapsed: 'the certification has expired, or will before anything can be sent',
  not_eligible: 'not active or paused',
  no_certification: 'no certification on record',
  no_threshold: 'no threshold counts for what is left of the certification',
}

/** What a message about service is called. */
export const messageWords = {
  lapsed: 'message that the mentor is out of service,',
  restored: 'message that the certification is valid again,',
} as const

/** What expiry.forecast_departures says of the message about a departure where nobody is told. */
export const untoldWords: Record<string, string> = {
  never_seen: 'the mentor cannot have been seen on the website before',
  made_before: 'a message about this date was made before',
  no_recipient: 'no coordinator with an address, no fallback_email',
}
