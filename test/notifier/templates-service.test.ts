import { expect, test } from 'vitest'
import type { Delivery, Locale } from '../../contracts/delivery.ts'
import { compose, read, to } from './composing.ts'
import { exampleDelivery, exampleLapsed, exampleRestored } from './delivery-example.ts'

const since = '2027-03-10'
const told: Record<string, Delivery> = {
  lapsed: exampleLapsed(),
  restored: exampleRestored(),
  pausedForNow: exampleRestored({ standing: { status: 'paused', since, pausedUntil: '2027-04-01' } }),
  pausedForGood: exampleRestored({ standing: { status: 'paused', since, pausedUntil: null } }),
}

type Said = { subject: string; says: string[] }
const expected: Record<Locale, Record<string, Said>> = {
  en: {
    lapsed: {
      subject: 'Out of service: the certification of Kari Nordmann expired on 5 March 2027',
      says: [
        'The last valid day was Friday, 5 March 2027, and Kari Nordmann went out of service on Saturday, 6 March 2027.',
        'does not meet people as a peer mentor and must not be shown on the website',
        'record the new date',
        'is then back at once, unless there is a pause that still holds, and you are told so',
        'Out of service since',
      ],
    },
    restored: {
      subject: 'Back in service: the certification of Kari Nordmann is valid until 5 March 2028',
      says: [
        'has been back in service since Wednesday, 10 March 2027, can meet people again',
        'There is nothing that you need to do.',
        'The last valid day is Sunday, 5 March 2028.',
        'Back in service since',
      ],
    },
    pausedForNow: {
      subject: 'Still paused: the certification of Kari Nordmann is valid until 5 March 2028',
      says: [
        'The last valid day is Sunday, 5 March 2028.',
        'is still paused, and so does not meet people yet and must not be shown on the website',
        'The first day back is Thursday, 1 April 2027',
      ],
    },
    pausedForGood: {
      subject: 'Still paused: the certification of Kari Nordmann is valid until 5 March 2028',
      says: ['is back in service once somebody ends it', 'not decided'],
    },
  },
  nb: {
    lapsed: {
      subject: 'Ute av tjeneste: sertifiseringen til Kari Nordmann utløp 5. mars 2027',
      says: [
        'Siste gyldige dag var fredag 5. mars 2027, og Kari Nordmann gikk ut av tjeneste lørdag 6. mars 2027.',
        'skal Kari Nordmann ikke møte noen som likeperson og ikke vises på nettsiden',
        'Registrer den nye datoen',
        'straks tilbake, med mindre en pause fortsatt gjelder, og du får beskjed om det',
        'Ute av tjeneste siden',
      ],
    },
    restored: {
      subject: 'Tilbake i tjeneste: sertifiseringen til Kari Nordmann er gyldig til og med 5. mars 2028',
      says: [
        'har vært tilbake i tjeneste siden onsdag 10. mars 2027, kan møte folk igjen',
        'Du trenger ikke å gjøre noe.',
        'Siste gyldige dag er søndag 5. mars 2028.',
        'Tilbake i tjeneste siden',
      ],
    },
    pausedForNow: {
      subject: 'Fortsatt på pause: sertifiseringen til Kari Nordmann er gyldig til og med 5. mars 2028',
      says: [
        'Siste gyldige dag er søndag 5. mars 2028.',
        'har fortsatt pause, og skal derfor ikke møte noen eller vises på nettsiden ennå',
        'Første dag tilbake er torsdag 1. april 2027',
      ],
    },
    pausedForGood: {
      subject: 'Fortsatt på pause: sertifiseringen til Kari Nordmann er gyldig til og med 5. mars 2028',
      says: ['er tilbake i tjeneste når noen avslutter den', 'ikke avtalt'],
    },
  },
}

const cases = (['en', 'nb'] as const).flatMap((locale) =>
  Object.entries(expected[locale]).map(([name, said]) => ({ locale, name, ...said })),
)

test.each(cases)('$name in $locale says what happened, what it means and what to do', async (each) => {
  for (const kind of ['coordinator', 'fallback'] as const) {
    const mail = await read({ ...told[each.name], recipient: to(each.locale, kind) })
    expect(mail.subject).toBe(each.subject)
    for (const part of [mail.text ?? '', mail.html || '']) {
      for (const words of each.says) expect(part).toContain(words)
      expect(part).toContain('Fjord Likeperson')
      expect(part.includes('Ola Hansen')).toBe(kind === 'coordinator')
    }
    expect(mail.html).toContain(`<html lang="${each.locale}">`)
  }
})

test('who is restored to a pause is not called back in service', () => {
  for (const standing of [told.pausedForNow?.standing, told.pausedForGood?.standing]) {
    for (const [locale, back] of [
      ['en', /back in service since|can meet people again/i],
      ['nb', /tilbake i tjeneste siden|kan møte folk/i],
    ] as const) {
      const { text, subject, html } = compose(
        exampleRestored({ standing: standing ?? null, recipient: to(locale, 'coordinator') }),
      )
      for (const part of [subject, text, html]) expect(part).not.toMatch(back)
    }
  }
})

test('a message about leaving service is as loud as an urgent reminder, one about the return is quiet', async () => {
  expect(compose(exampleLapsed()).headers).toHaveProperty('Importance', 'high')
  expect(compose(exampleRestored()).headers).not.toHaveProperty('Importance')
})

test.each([
  { locale: 'en' as const, website: /website/, rule: /(must not|may) be shown on the website/ },
  { locale: 'nb' as const, website: /nettside/, rule: /(skal|kan) .*vises på nettsiden/ },
])('of the website a message in $locale says the rule alone, which is true of who is not published, too', (words) => {
  const reminders = (['notice', 'warning', 'urgent'] as const).map((urgency) =>
    exampleDelivery({ urgency, daysLeft: 7 }),
  )
  const messages = [...reminders, ...Object.values(told)].map((delivery) =>
    compose({ ...delivery, recipient: to(words.locale, 'coordinator') }),
  )
  const claims = messages.flatMap(({ text }) => text.split(/(?<=[.:?])\s/).filter((part) => words.website.test(part)))
  expect(claims).toHaveLength(5)
  expect(claims.filter((claim) => !words.rule.test(claim))).toEqual([])
})

test.each([
  {
    locale: 'en' as const,
    website: /website/,
    break: /without a break|leaves service/,
    pause: 'also when the pause is over',
  },
  {
    locale: 'nb' as const,
    website: /nettside/,
    break: /uten avbrudd|går .* ut av tjeneste/,
    pause: 'også når pausen er over',
  },
])(
  'a reminder in $locale about a paused mentor speaks of the pause, and not of the website',
  ({ locale, website, ...words }) => {
    for (const urgency of ['notice', 'warning', 'urgent'] as const) {
      const { text } = compose({ urgency, daysLeft: 7, isPaused: true, recipient: to(locale, 'coordinator') })
      expect(text).not.toMatch(website)
      expect(text).not.toMatch(words.break)
      expect(text.includes(words.pause)).toBe(urgency === 'urgent')
    }
  },
)
