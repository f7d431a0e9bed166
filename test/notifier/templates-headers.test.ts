import { expect, test } from 'vitest'
import { parseMailbox } from '../../runtime/mailbox.ts'
import { composeMessage, createComposer } from '../../services/notifier/channels/compose-message.ts'
import { compose, composer, now, read, to } from './composing.ts'
import { exampleDelivery, exampleMentor } from './delivery-example.ts'

test("the Message-ID depends on the row's key and on nothing that an attempt, or a restored backup, may change", () => {
  const first = compose({ attempt: 1, generation: 0 })
  const later = compose({
    id: 42,
    attempt: 5,
    generation: 4,
    daysLeft: 21,
    mentor: exampleMentor({ ref: 'M-9', name: 'Renamed' }),
    recipient: to('en', 'fallback'),
  })
  expect(first.messageId).toBe('<reminder.30.2027-03-05.0123456789abcdef0123456789abcdef@fjord.example>')
  expect(later.messageId).toBe(first.messageId)
  for (const other of [{ thresholdDay: 14 }, { expiryDate: '2027-03-06' }, { mentorKey: 'f'.repeat(32) }]) {
    expect(compose(other).messageId).not.toBe(first.messageId)
  }
})

test('headers are those of a good automatic citizen', async () => {
  const mail = await read({ urgency: 'urgent', escalationEmail: 'leder@fjord.example' })
  expect(mail.headers.get('auto-submitted')).toBe('auto-generated')
  expect(mail.headers.get('x-auto-response-suppress')).toBe('All')
  expect(mail.headers.get('precedence')).toBeUndefined()
  expect(mail.headers.get('x-mailer')).toBeUndefined()
  expect(mail.from?.value).toEqual([{ name: 'Påminnelser', address: 'post@fjord.example' }])
  expect(mail.replyTo?.value).toEqual([{ name: '', address: 'post@fjord.example' }])
  expect([mail.cc].flat()[0]?.value).toEqual([{ name: '', address: 'leder@fjord.example' }])
  expect(mail.date).toEqual(now)
  expect(mail.messageId).toBe('<reminder.30.2027-03-05.0123456789abcdef0123456789abcdef@fjord.example>')
})

test('a sender without a name signs with the organisation, and answers may go elsewhere', async () => {
  const from = parseMailbox('post@fjord.example')
  const mail = await read({}, createComposer({ from, replyTo: parseMailbox('Hjelp <hjelp@fjord.example>') }))
  expect(mail.from?.value[0]?.name).toBe('Fjord Likeperson')
  expect(mail.replyTo?.value).toEqual([{ name: 'Hjelp', address: 'hjelp@fjord.example' }])
})

test('nobody gets the same message twice because escalation and recipient are one', () => {
  expect(compose({ escalationEmail: 'OLA@fjord.example' }).copyTo).toBeUndefined()
  expect(compose({ escalationEmail: 'not an address' }).copyTo).toBeUndefined()
  expect(compose({ escalationEmail: 'leder@fjord.example' }).copyTo).toBe('leder@fjord.example')
})

test('a redirected message reaches nobody but the redirect, and says whom it was meant for', () => {
  const redirecting = createComposer({ from: composer.from, redirectTo: 'test@lab.example' })
  const message = compose({ escalationEmail: 'leder@fjord.example' }, redirecting)
  expect(message.to.address).toBe('test@lab.example')
  expect(message.copyTo).toBeUndefined()
  expect(message.text).toContain('ment for ola@fjord.example, med kopi til leder@fjord.example')
  expect(message.html).toContain('ment for ola@fjord.example, med kopi til leder@fjord.example')
})

test.each([
  ['unknown_kind', { kind: 'lapsed' }],
  ['unknown_kind', { kind: 'restored' }],
  ['already_lapsed', { daysLeft: -1 }],
  ['bad_address', { recipient: { ...to('nb', 'coordinator'), email: 'a@x.example, b@x.example' } }],
  ['bad_address', { recipient: { ...to('nb', 'coordinator'), email: 'a@x.example\r\nRCPT TO:<b@x.example>' } }],
  ['bad_address', { recipient: { ...to('nb', 'coordinator'), email: 'Ola <a@x.example>' } }],
  ['bad_address', { recipient: { ...to('nb', 'coordinator'), email: '' } }],
] as const)('what must not be sent is refused by the code %s', (code, changes) => {
  expect(composeMessage(composer, exampleDelivery(changes))).toEqual({ kind: 'refused', code })
})

test.each(['', 'nobody', 'a@x.example, b@x.example', 'Team: a@x.example;', 'A <a@x.example> B <b@x.example>'])(
  'MAIL_FROM that is not exactly one mailbox is refused without being repeated: %s',
  (text) => {
    expect(() => parseMailbox(text)).toThrow(/^expected one e-mail address, with or without a name before it$/)
  },
)
