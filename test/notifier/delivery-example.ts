import type { Delivery } from '../../contracts/delivery.ts'

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
    expiryDate: '2027-03-05',
    daysLeft: 30,
    organisation: { slug: 'fjord', name: 'Fjord Likeperson', locale: 'nb' },
    mentor: { ref: 'M-1', name: 'Kari Nordmann' },
    recipient: { kind: 'coordinator', name: 'Ola Hansen', email: 'ola@fjord.example', locale: 'nb' },
    escalationEmail: null,
    acceptedChannels: [],
    ...changes,
  }
}
