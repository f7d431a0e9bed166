import type { Delivery } from '../../contracts/delivery.ts'

/** A mentor of an organisation without links, with some of the fields replaced. */
export function exampleMentor(changes: Partial<Delivery['mentor']> = {}): Delivery['mentor'] {
  return { id: '7d3c1f5e-6a3b-4c1e-9d0e-2f1a5b6c7d8e', ref: 'M-1', name: 'Kari Nordmann', url: null, ...changes }
}

/** A reminder that nothing is wrong with, with some of its fields replaced. */
export function exampleDelivery(changes: Partial<Delivery> = {}): Delivery {
  return {
    id: 41,
    mentorKey: '0123456789abcdef0123456789abcdef',
    generation: 0,
    attempt: 1,
    kind: 'reminder',
    urgency: 'notice',
    thresholdDay: 30,
    keyDate: changes.expiryDate ?? '2027-03-05',
    expiryDate: '2027-03-05',
    daysLeft: 30,
    dueAt: '2027-02-03T00:15:00.123456+00:00',
    organisation: { slug: 'fjord', name: 'Fjord Likeperson', locale: 'nb' },
    mentor: exampleMentor(),
    isPaused: false,
    standing: null,
    recipient: { kind: 'coordinator', name: 'Ola Hansen', email: 'ola@fjord.example', locale: 'nb' },
    escalationEmail: null,
    acceptedChannels: [],
    refusedChannels: [],
    ...changes,
  }
}

/** The message about a mentor who left service on 6 March 2027, with some of its fields replaced. */
export function exampleLapsed(changes: Partial<Delivery> = {}): Delivery {
  return exampleDelivery({
    kind: 'lapsed',
    urgency: 'urgent',
    thresholdDay: 0,
    daysLeft: -1,
    standing: { status: 'certification_expired', since: '2027-03-06', pausedUntil: null },
    ...changes,
  })
}

/** The message about a mentor who came back on 10 March 2027, with some of its fields replaced. */
export function exampleRestored(changes: Partial<Delivery> = {}): Delivery {
  return exampleDelivery({
    kind: 'restored',
    thresholdDay: 0,
    expiryDate: '2028-03-05',
    daysLeft: 361,
    standing: { status: 'active', since: '2027-03-10', pausedUntil: null },
    ...changes,
  })
}
