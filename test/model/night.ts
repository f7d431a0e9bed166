import { today } from './facts.ts'
import { settle } from './model.ts'
import { type Model, makePending, type Organisation, type Row } from './state.ts'

/** A night for these organisations, whichever hour it is. Returns the rows that it took back from silent senders. */
export function night(model: Model, organisations: readonly Organisation[]): Row[] {
  if (organisations.length === 0) return []
  for (const mentor of model.mentors) {
    if (organisations.includes(mentor.organisation)) settle(model, mentor, { atNight: true })
  }
  for (const organisation of organisations) organisation.processedOn = today(model, organisation)
  return rescue(model)
}

/** Whose night an hourly tick runs: each organisation's once, at the first tick after its own midnight. */
export function owedNights(model: Model): Organisation[] {
  return model.organisations.filter((organisation) => organisation.processedOn !== today(model, organisation))
}

/** What silent senders had goes back to be sent again; begin checks the facts. */
export function rescue(model: Model): Row[] {
  const rescued = model.rows.filter((row) => row.status === 'sending' && row.leaseLapsed)
  for (const row of rescued) {
    if (!row.isTaken) row.uncertain.add(row.generation)
    makePending(row)
  }
  return rescued
}

/** Puts in force what the thresholds and the flag say now, and remembers what this change brought in. */
export function refreshThresholds(model: Model, organisation: Organisation): void {
  const { own, ownThresholdsFlag, inForce } = organisation
  const wanted = ownThresholdsFlag && own.size > 0 ? own : model.defaults
  for (const threshold of [...inForce.keys()]) if (!wanted.has(threshold)) inForce.delete(threshold)
  for (const threshold of wanted) {
    if (!inForce.has(threshold)) inForce.set(threshold, { at: model.now, step: model.step })
  }
}
