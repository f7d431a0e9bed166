import { dateInWords, dayAfter } from './dates.ts'
import type { Language, ReminderFacts, Wording } from './wording.ts'

const tag = 'nb-NO'

/** Norwegian bokmål. */
export const bokmal: Language = {
  reminder: (facts) => {
    const byUrgency = { notice, warning, urgent }[facts.urgency](facts)
    return {
      ...byUrgency,
      greeting: greeting(facts),
      paragraphs: [...noCoordinator(facts), ...byUrgency.paragraphs],
      details: [
        { label: 'Likeperson', value: facts.mentor },
        { label: 'Siste gyldige dag', value: dateInWords(tag, facts.expiryDate, 'full') },
        { label: 'Dager igjen', value: facts.daysLeft === 0 ? 'ingen, i dag er siste dag' : String(facts.daysLeft) },
        { label: 'Organisasjon', value: facts.organisation },
      ],
      openMentor: `Åpne ${facts.mentor} i systemet til ${facts.organisation}`,
      footer: footer(facts),
    }
  },
  redirected: (to, copyTo) =>
    `Denne meldingen er omdirigert. Den var ment for ${to}${copyTo ? `, med kopi til ${copyTo}` : ''}.`,
}

type ByUrgency = Pick<Wording, 'subject' | 'preview' | 'heading' | 'paragraphs'>

function notice(facts: ReminderFacts): ByUrgency {
  return {
    subject: `Påminnelse: sertifiseringen til ${facts.mentor} utløper ${dateInWords(tag, facts.expiryDate, 'long')}`,
    preview: 'Det haster ikke, men det er lurt å avtale fornyelsen nå.',
    heading: 'En sertifisering som skal fornyes',
    paragraphs: [
      `Sertifiseringen til likepersonen ${facts.mentor} utløper ${countdown(facts.daysLeft)}. ${lastDay(facts)}`,
      `Det haster ikke, men avtal gjerne fornyelsen allerede nå, så kan ${facts.mentor} fortsette uten avbrudd.`,
    ],
  }
}

function warning(facts: ReminderFacts): ByUrgency {
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

function urgent(facts: ReminderFacts): ByUrgency {
  const firstDayOut = dateInWords(tag, dayAfter(facts.expiryDate), 'full')
  return {
    subject: `Haster: sertifiseringen til ${facts.mentor} utløper ${countdown(facts.daysLeft)} (${dateInWords(tag, facts.expiryDate, 'long')})`,
    preview: `Uten fornyelse er ${facts.mentor} ute av tjeneste fra ${firstDayOut}.`,
    heading: `Haster: sertifiseringen utløper ${countdown(facts.daysLeft)}`,
    paragraphs: [
      `Sertifiseringen til likepersonen ${facts.mentor} utløper ${countdown(facts.daysLeft)}. ${lastDay(facts)}`,
      `Blir den ikke fornyet innen da, går ${facts.mentor} ut av tjeneste og forsvinner fra nettsiden ${firstDayOut}, men er tilbake så snart en fornyelse er registrert.`,
      'Sørg for fornyelsen nå. Er den allerede i orden, gjenstår det bare å registrere den nye datoen.',
    ],
  }
}

function lastDay(facts: ReminderFacts): string {
  return `Siste gyldige dag er ${dateInWords(tag, facts.expiryDate, 'full')}.`
}

function countdown(daysLeft: number): string {
  if (daysLeft === 0) return 'i dag'
  if (daysLeft === 1) return 'i morgen'
  return `om ${daysLeft} dager`
}

function greeting(facts: ReminderFacts): string {
  return facts.recipientKind === 'coordinator' && facts.recipientName ? `Hei, ${facts.recipientName}!` : 'Hei!'
}

function noCoordinator(facts: ReminderFacts): string[] {
  if (facts.recipientKind === 'coordinator') return []
  return [
    'Denne likepersonen har ingen koordinator som kan nås. Velg en koordinator, så går påminnelsene dit. Inntil da kommer de til denne adressen.',
  ]
}

function footer(facts: ReminderFacts): string {
  const recipient =
    facts.recipientKind === 'coordinator'
      ? `likepersonens koordinator i ${facts.organisation}`
      : `reserveadressen til ${facts.organisation}`
  const copy = facts.copied ? ', med kopi til organisasjonens adresse for oppfølging' : ''
  return `Denne meldingen er sendt automatisk til ${recipient}${copy}.`
}
