import { dateInWords, dayAfter } from './dates.ts'
import type { Language, LapsedFacts, MessageFacts, ReminderFacts, Wording } from './wording.ts'

const tag = 'nb-NO'

/** Norwegian bokmål. */
export const bokmal: Language = {
  reminder: (facts) => {
    const daysLeft = facts.daysLeft === 0 ? 'ingen, i dag er siste dag' : String(facts.daysLeft)
    return complete(facts, { notice, warning, urgent }[facts.urgency](facts), { label: 'Dager igjen', value: daysLeft })
  },
  lapsed: (facts) => {
    const since = dateInWords(tag, facts.since, 'full')
    return complete(facts, lapsed(facts), { label: 'Ute av tjeneste siden', value: since })
  },
  restored: (facts) => {
    if (facts.status === 'active') {
      const since = dateInWords(tag, facts.since, 'full')
      return complete(facts, restored(facts), { label: 'Tilbake i tjeneste siden', value: since })
    }
    const until = facts.pausedUntil === null ? 'ikke avtalt' : dateInWords(tag, facts.pausedUntil, 'full')
    return complete(facts, validAgain(facts, facts.pausedUntil), { label: 'Første dag tilbake', value: until })
  },
  redirected: (to, copyTo) =>
    `Denne meldingen er omdirigert. Den var ment for ${to}${copyTo ? `, med kopi til ${copyTo}` : ''}.`,
}

type ByKind = Pick<Wording, 'subject' | 'preview' | 'heading' | 'paragraphs'>

/** What every message has besides. */
function complete(facts: MessageFacts, byKind: ByKind, detail: { label: string; value: string }): Wording {
  return {
    ...byKind,
    greeting: greeting(facts),
    paragraphs: [...noCoordinator(facts), ...byKind.paragraphs],
    details: [
      { label: 'Likeperson', value: facts.mentor },
      { label: 'Siste gyldige dag', value: dateInWords(tag, facts.expiryDate, 'full') },
      detail,
      { label: 'Organisasjon', value: facts.organisation },
    ],
    openMentor: `Åpne ${facts.mentor} i systemet til ${facts.organisation}`,
    footer: footer(facts),
  }
}

function notice(facts: ReminderFacts): ByKind {
  const gain = facts.isPaused
    ? 'så står den ikke i veien når pausen er over'
    : `så kan ${facts.mentor} fortsette uten avbrudd`
  return {
    subject: `Påminnelse: sertifiseringen til ${facts.mentor} utløper ${dateInWords(tag, facts.expiryDate, 'long')}`,
    preview: 'Det haster ikke, men det er lurt å avtale fornyelsen nå.',
    heading: 'En sertifisering som skal fornyes',
    paragraphs: [
      `Sertifiseringen til likepersonen ${facts.mentor} utløper ${countdown(facts.daysLeft)}. ${lastDay(facts)}`,
      `Det haster ikke, men avtal gjerne fornyelsen allerede nå, ${gain}.`,
    ],
  }
}

function warning(facts: ReminderFacts): ByKind {
  return {
    subject: `Sertifiseringen til ${facts.mentor} utløper ${countdown(facts.daysLeft)} (${dateInWords(tag, facts.expiryDate, 'long')})`,
    preview: 'Nå er det på tide å avtale fornyelsen.',
    heading: 'På tide å avtale fornyelsen',
    paragraphs: [
      `Sertifiseringen til likepersonen ${facts.mentor} utløper ${countdown(facts.daysLeft)}. ${lastDay(facts)}`,
      `Avtal fornyelsen med ${facts.mentor} så snart du kan, og registrer den nye datoen når den er klar. Da får du ikke flere påminnelser om dette.`,
    ],
  }
}

function urgent(facts: ReminderFacts): ByKind {
  const firstDayOut = dateInWords(tag, dayAfter(facts.expiryDate), 'full')
  const otherwise = facts.isPaused
    ? `${facts.mentor} har pause nå. Blir sertifiseringen ikke fornyet innen da, er ${facts.mentor} ute av tjeneste fra ${firstDayOut}, også når pausen er over, helt til en fornyelse er registrert.`
    : `Blir den ikke fornyet innen da, går ${facts.mentor} ut av tjeneste ${firstDayOut} og skal ikke vises på nettsiden fra da av, men er tilbake så snart en fornyelse er registrert.`
  return {
    subject: `Haster: sertifiseringen til ${facts.mentor} utløper ${countdown(facts.daysLeft)} (${dateInWords(tag, facts.expiryDate, 'long')})`,
    preview: `Uten fornyelse er ${facts.mentor} ute av tjeneste fra ${firstDayOut}.`,
    heading: `Haster: sertifiseringen utløper ${countdown(facts.daysLeft)}`,
    paragraphs: [
      `Sertifiseringen til likepersonen ${facts.mentor} utløper ${countdown(facts.daysLeft)}. ${lastDay(facts)}`,
      otherwise,
      'Sørg for fornyelsen nå. Er den allerede i orden, gjenstår det bare å registrere den nye datoen.',
    ],
  }
}

function lapsed(facts: LapsedFacts): ByKind {
  const { mentor } = facts
  return {
    subject: `Ute av tjeneste: sertifiseringen til ${mentor} utløp ${dateInWords(tag, facts.expiryDate, 'long')}`,
    preview: `${mentor} skal ikke møte noen før sertifiseringen er fornyet.`,
    heading: 'Ute av tjeneste: sertifiseringen har utløpt',
    paragraphs: [
      `Sertifiseringen til likepersonen ${mentor} har utløpt. Siste gyldige dag var ${dateInWords(tag, facts.expiryDate, 'full')}, og ${mentor} gikk ut av tjeneste ${dateInWords(tag, facts.since, 'full')}.`,
      `Før den er fornyet, skal ${mentor} ikke møte noen som likeperson og ikke vises på nettsiden. Gi beskjed til ${mentor}, og finn gjerne en annen til møter som allerede er avtalt.`,
      `Registrer den nye datoen så snart sertifiseringen er fornyet, eller nå med en gang hvis den alt er det. Da er ${mentor} straks tilbake, med mindre en pause fortsatt gjelder, og du får beskjed om det.`,
    ],
  }
}

function restored(facts: MessageFacts & { since: string }): ByKind {
  const { mentor } = facts
  return {
    subject: `Tilbake i tjeneste: sertifiseringen til ${mentor} er gyldig til og med ${dateInWords(tag, facts.expiryDate, 'long')}`,
    preview: `${mentor} kan møte folk igjen.`,
    heading: 'Tilbake i tjeneste',
    paragraphs: [
      `Gode nyheter: Sertifiseringen til likepersonen ${mentor} er gyldig igjen. ${mentor} har vært tilbake i tjeneste siden ${dateInWords(tag, facts.since, 'full')}, kan møte folk igjen og kan vises på nettsiden.`,
      `Du trenger ikke å gjøre noe. ${lastDay(facts)} Før det kommer det påminnelser, som vanlig.`,
    ],
  }
}

function validAgain(facts: MessageFacts, pausedUntil: string | null): ByKind {
  const { mentor } = facts
  const back =
    pausedUntil === null
      ? `Pausen har ingen sluttdato: ${mentor} er tilbake i tjeneste når noen avslutter den.`
      : `Første dag tilbake er ${dateInWords(tag, pausedUntil, 'full')}. Da er ${mentor} i tjeneste igjen uten at noen trenger å gjøre noe.`
  return {
    subject: `Fortsatt på pause: sertifiseringen til ${mentor} er gyldig til og med ${dateInWords(tag, facts.expiryDate, 'long')}`,
    preview: `Sertifiseringen er i orden igjen, men ${mentor} har fortsatt pause.`,
    heading: 'Sertifiseringen er gyldig igjen, pausen fortsetter',
    paragraphs: [
      `Gode nyheter: Sertifiseringen til likepersonen ${mentor} er gyldig igjen. ${lastDay(facts)}`,
      `${mentor} har fortsatt pause, og skal derfor ikke møte noen eller vises på nettsiden ennå. ${back}`,
    ],
  }
}

function lastDay(facts: MessageFacts): string {
  return `Siste gyldige dag er ${dateInWords(tag, facts.expiryDate, 'full')}.`
}

function countdown(daysLeft: number): string {
  if (daysLeft === 0) return 'i dag'
  if (daysLeft === 1) return 'i morgen'
  return `om ${daysLeft} dager`
}

function greeting(facts: MessageFacts): string {
  return facts.recipientKind === 'coordinator' && facts.recipientName ? `Hei, ${facts.recipientName}!` : 'Hei!'
}

function noCoordinator(facts: MessageFacts): string[] {
  if (facts.recipientKind === 'coordinator') return []
  return [
    'Denne likepersonen har ingen koordinator som kan nås. Velg en koordinator, så går meldingene dit. Inntil da kommer de til denne adressen.',
  ]
}

function footer(facts: MessageFacts): string {
  const recipient =
    facts.recipientKind === 'coordinator'
      ? `likepersonens koordinator i ${facts.organisation}`
      : `reserveadressen til ${facts.organisation}`
  const copy = facts.copied ? ', med kopi til organisasjonens adresse for oppfølging' : ''
  return `Denne meldingen er sendt automatisk til ${recipient}${copy}.`
}
