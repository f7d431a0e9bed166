import { simpleParser } from 'mailparser'
import { expect, test } from 'vitest'
import type { Locale, Urgency } from '../../contracts/delivery.ts'
import { parseMailbox } from '../../runtime/mailbox.ts'
import { createComposer } from '../../services/notifier/channels/compose-message.ts'
import { loadTemplates } from '../../services/notifier/channels/templates.ts'
import { compose, read, source, to } from './composing.ts'
import { exampleMentor } from './delivery-example.ts'

const daysLeft: Record<Urgency, number> = { notice: 30, warning: 14, urgent: 7 }
const subjects: Record<Locale, Record<Urgency, string>> = {
  en: {
    notice: 'Reminder: the certification of Kari Nordmann expires on 5 March 2027',
    warning: 'The certification of Kari Nordmann expires in 14 days (5 March 2027)',
    urgent: 'Urgent: the certification of Kari Nordmann expires in 7 days (5 March 2027)',
  },
  nb: {
    notice: 'Påminnelse: sertifiseringen til Kari Nordmann utløper 5. mars 2027',
    warning: 'Sertifiseringen til Kari Nordmann utløper om 14 dager (5. mars 2027)',
    urgent: 'Haster: sertifiseringen til Kari Nordmann utløper om 7 dager (5. mars 2027)',
  },
}
const everyDate = { en: 'Friday, 5 March 2027', nb: 'fredag 5. mars 2027' }
const dayOut = { en: 'Saturday, 6 March 2027', nb: 'lørdag 6. mars 2027' }
const website = {
  en: 'must not be shown on the website from then on',
  nb: 'skal ikke vises på nettsiden fra da av',
}
const noCoordinator = { en: 'no reachable coordinator; please assign one', nb: 'ingen koordinator som kan nås' }
const greetings = {
  en: { coordinator: 'Hello Ola Hansen,', fallback: 'Hello,' },
  nb: { coordinator: 'Hei, Ola Hansen!', fallback: 'Hei!' },
}

for (const locale of ['en', 'nb'] as const) {
  for (const urgency of ['notice', 'warning', 'urgent'] as const) {
    for (const kind of ['coordinator', 'fallback'] as const) {
      test(`a ${urgency} in ${locale} tells a ${kind} who, when and what to do, in text and in HTML`, async () => {
        const mail = await read({ urgency, daysLeft: daysLeft[urgency], recipient: to(locale, kind) })
        expect(mail.subject).toBe(subjects[locale][urgency])
        for (const part of [mail.text ?? '', mail.html || '']) {
          expect(part).toContain('Kari Nordmann')
          expect(part).toContain('Fjord Likeperson')
          expect(part).toContain(everyDate[locale])
          expect(part).toContain(greetings[locale][kind])
          expect(part.includes(noCoordinator[locale])).toBe(kind === 'fallback')
          expect(part.includes(dayOut[locale]) && part.includes(website[locale])).toBe(urgency === 'urgent')
        }
        expect(mail.html).toContain(`<html lang="${locale}">`)
      })
    }
  }
}

test('the three urgencies read differently from the first line to the last', () => {
  for (const locale of ['en', 'nb'] as const) {
    const messages = (['notice', 'warning', 'urgent'] as const).map((urgency) =>
      compose({ urgency, daysLeft: 7, recipient: to(locale, 'coordinator') }),
    )
    expect(new Set(messages.map((message) => message.subject)).size).toBe(3)
    const secondParagraphs = messages.map((message) => message.text.split('\n\n')[2])
    expect(new Set(secondParagraphs).size).toBe(3)
    expect(new Set(messages.map((message) => /border-top:6px solid (#\w+)/.exec(message.html)?.[1])).size).toBe(3)
  }
})

test.each([
  ['en', 0, 'expires today'],
  ['en', 1, 'expires tomorrow'],
  ['en', 2, 'expires in 2 days'],
  ['nb', 0, 'utløper i dag'],
  ['nb', 1, 'utløper i morgen'],
  ['nb', 2, 'utløper om 2 dager'],
] as const)('in %s, %i days left is said as people say it', (locale, left, words) => {
  const message = compose({ urgency: 'urgent', daysLeft: left, recipient: to(locale, 'coordinator') })
  expect(message.subject).toContain(words)
  expect(message.text).toContain(words)
})

test('the day out of service is the day after the last valid one, over the ends of months and years', () => {
  const english = to('en', 'coordinator')
  expect(compose({ urgency: 'urgent', expiryDate: '2028-02-28', recipient: english }).text).toContain(
    '29 February 2028',
  )
  expect(compose({ urgency: 'urgent', expiryDate: '2027-12-31', recipient: english }).text).toContain('1 January 2028')
})

test('markup and quotes in names stay text', async () => {
  const name = `<script>alert("x")</script> & O'Neil`
  const organisation = { slug: 'f', name: '<b>Fjord</b>', locale: 'nb' } as const
  const recipient = { ...to('nb', 'coordinator'), name: '"Ola" <img src=x>' }
  const mail = await read({ mentor: exampleMentor({ name }), organisation, recipient, urgency: 'urgent' })
  expect(mail.html).not.toContain('<script')
  expect(mail.html).not.toContain('<img')
  expect(mail.html).not.toContain('<b>')
  expect(mail.html).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; O&#x27;Neil')
  expect(mail.text).toContain(name)
  expect(mail.subject).toContain(name)
  expect([mail.to].flat().map((list) => list?.value)).toEqual([
    [{ address: 'ola@fjord.example', name: '"Ola" <img src=x>' }],
  ])
})

test('line breaks in names add neither a header nor a recipient nor a line', async () => {
  const evil = 'Kari\r\nBcc: thief@evil.example\r\n\r\nDear\u2028reader\u202e'
  const recipient = { ...to('en', 'coordinator'), name: 'Ola\r\nX-Evil: yes' }
  const organisation = { slug: 'f', name: 'Fjord\nCc: other@evil.example', locale: 'en' } as const
  const unnamed = createComposer({ from: parseMailbox('post@fjord.example') })
  const text = await source(
    { mentor: exampleMentor({ name: evil }), recipient, organisation, urgency: 'urgent' },
    unnamed,
  )
  const mail = await simpleParser(text)
  expect([...mail.headers.keys()]).not.toContain('bcc')
  expect([...mail.headers.keys()]).not.toContain('cc')
  expect([...mail.headers.keys()]).not.toContain('x-evil')
  expect(mail.subject).toContain('Kari Bcc: thief@evil.example Dear reader expires')
  expect(mail.text).toContain('Peer mentor: Kari Bcc: thief@evil.example Dear reader\n')
  expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
})

test('emoji and letters of any script survive in headers and body', async () => {
  const name = 'Åse 🦊 Ćirić 王'
  const mail = await read({ mentor: exampleMentor({ name }), recipient: { ...to('nb', 'coordinator'), name } })
  expect(mail.subject).toContain(name)
  expect(mail.text).toContain(name)
  expect([mail.to].flat()[0]?.value[0]?.name).toBe(name)
})

test('a name without end is cut and an empty one replaced by the reference', () => {
  expect(compose({ mentor: exampleMentor({ name: 'x'.repeat(5000) }) }).subject.length).toBeLessThan(300)
  expect(compose({ mentor: exampleMentor({ ref: 'M-7', name: ' \r\n ' }) }).subject).toContain('M-7')
})

test('a template that asks for a field nobody gives throws instead of leaving a gap', () => {
  const { text, html } = loadTemplates()
  const gap = JSON.parse(
    '{"greeting":"Hi","paragraphs":[],"details":[],"redirected":null,"link":null,"locale":"en","colour":"#000"}',
  )
  expect(() => text(gap)).toThrow('footer')
  expect(() => html(gap)).toThrow('subject')
})
