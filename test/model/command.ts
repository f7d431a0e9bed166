import type { AsyncCommand } from 'fast-check'
import { compare } from './compare.ts'
import { noteWhoIsSeen } from './facts.ts'
import { expectBrake, expectMessagesAboutSeen } from './invariants.ts'
import type { Real } from './real.ts'
import type { Model } from './state.ts'

export type Command = AsyncCommand<Model, Real>

/**
 * One thing that happens to the model and to the product alike; afterwards both must say the same. `happen` returns what
 * happened in words, for whoever reads a failure.
 */
export function command({
  when = () => true,
  happen,
}: {
  when?: (model: Model) => boolean
  happen: (model: Model, real: Real) => Promise<string>
}): Command {
  let words = 'did not happen'
  return {
    check: (model) => when(model),
    run: async (model, real) => {
      model.step += 1
      words = await happen(model, real)
      noteWhoIsSeen(model)
      const found = await compare(model, real)
      expectBrake(model, found)
      expectMessagesAboutSeen(model, found)
    },
    toString: () => words,
  }
}

/** Several events, one after the other; those that cannot happen are left out. */
export function inTurn(events: readonly Command[]): Command {
  return command({
    happen: async (model, real) => {
      const happened: Command[] = []
      for (const event of events) {
        if (!event.check(model)) continue
        await event.run(model, real)
        happened.push(event)
      }
      return happened.map(String).join('; ') || 'nothing'
    },
  })
}

/** The element that a random number stands for. @throws Error when there is none to choose from. */
export function pick<T>(elements: readonly T[], number: number): T {
  const element = elements[number % elements.length]
  if (element === undefined) throw new Error('nothing to choose from')
  return element
}

/** The different elements that random numbers stand for; none when there is none to choose from. */
export function pickSome<T>(elements: readonly T[], numbers: readonly number[]): T[] {
  return elements.length === 0 ? [] : [...new Set(numbers.map((number) => pick(elements, number)))]
}

/** The id of the n-th of its kind: a UUID that ends in the number. */
export function idOf(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
}
