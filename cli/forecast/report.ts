import type { Line } from './read.ts'
import { comingWords, messageWords, reasonWords, untoldWords } from './words.ts'

/** Turns lines, in the order of readForecast, into text, piece by piece. */
type Reporter = { line: (line: Line) => string; end: () => string }

/** Sentences for people. */
export function textReporter(days: number): Reporter {
  let coming = 0
  let day: string | null = null
  let reason: string | null = null
  let left = 0
  const rest = () => (left > 0 ? `      … and ${left} more: --all\n` : '')
  const none = () => (coming === 0 ? '  none\n' : '')
  const title = `To come in the next ${days === 1 ? 'day' : `${days} days`}, from each organisation's own today, if nothing changes:\n`
  const start = () => (day === null && reason === null ? title : '')
  return {
    line(line) {
      let text = start()
      if (line.isComing) {
        coming += 1
        if (line.dueOn !== day) text += `  ${line.dueOn}\n`
        day = line.dueOn
        return `${text}    ${comingLine(line)}\n`
      }
      if (line.outcome !== reason) {
        text += reason === null ? `${none()}\nNo reminder:\n` : rest()
        text += `  ${line.count}: ${reasonWords[line.outcome] ?? line.outcome} [${line.outcome}]\n`
        reason = line.outcome
        left = line.count
      }
      left -= 1
      return `${text}      ${reasonLine(line)}\n`
    },
    end: () => `${start()}${reason === null ? none() : rest()}`,
  }
}

function comingLine(line: Line): string {
  const { kind, thresholdDay, mentor, organisation, mentorRef, expiryDate, recipient, outcome, dueFrom } = line
  const who = `${mentor} (${organisation}/${mentorRef})`
  if (outcome === 'leaves_service')
    return `${who}, who expires ${expiryDate}: ${comingWords[outcome]}; ${wordsForDeparture(line)}`
  const words = dueFrom === null ? (comingWords[outcome] ?? outcome) : `waits for the sending hours, from ${dueFrom}`
  if (kind !== 'reminder') return `${messageWords[kind]} about ${who}, to ${recipient}: ${words}`
  return `${thresholdDay}-day reminder about ${who}, who expires ${expiryDate}, to ${recipient}: ${words}`
}

/** Who is told that a mentor has left, and when; or why nobody is. */
function wordsForDeparture({ message, messageOn, dueOn, dueFrom, recipient }: Line): string {
  if (messageOn === null) return `nobody is told: ${untoldWords[message ?? ''] ?? message}`
  const day = messageOn === dueOn ? '' : ` on ${messageOn}`
  return `the message about it goes to ${recipient}${day}${dueFrom === null ? '' : `${day === '' ? '' : ','} from ${dueFrom}`}`
}

function reasonLine({ mentor, organisation, mentorRef, expiryDate, dueOn, outcome }: Line): string {
  const facts = [
    ...(expiryDate === null ? [] : [`expires ${expiryDate}`]),
    ...(dueOn === null ? [] : [`${outcome === 'no_recipient' ? 'due' : 'next'} ${dueOn}`]),
  ]
  return `${mentor} (${organisation}/${mentorRef})${facts.length === 0 ? '' : `: ${facts.join(', ')}`}`
}

/** One JSON object, written as it comes about: `{ days, coming: [line], none: [{ outcome, count, words, mentors: [line] }] }`. */
export function jsonReporter(days: number): Reporter {
  let reason: string | null = null
  let text = `{"days":${days},"coming":[`
  let separator = ''
  return {
    line({ isComing, count, ...line }) {
      if (!isComing && line.outcome !== reason) {
        const group = { outcome: line.outcome, count, words: reasonWords[line.outcome] ?? line.outcome }
        text += `${reason === null ? '],"none":[' : ']},'}\n${JSON.stringify(group).slice(0, -1)},"mentors":[`
        separator = ''
        reason = line.outcome
      }
      const piece = `${text}${separator}\n${JSON.stringify(line)}`
      text = ''
      separator = ','
      return piece
    },
    end: () => `${text}${reason === null ? '],"none":[' : ']}'}]}\n`,
  }
}
