import type { z } from 'zod'
import type { World } from '../world.ts'

/** What a test or a person may do to a simulator from outside the imitated services. */
export type Command<Input, Output> = { run(world: World, input: Input): Output }

/** A command that parses what it is given: it may come from another process. */
export function command<Schema extends z.ZodType, Output>(
  input: Schema,
  run: (world: World, input: z.output<Schema>) => Output,
): Command<z.input<Schema>, Output> {
  return { run: (world, given) => run(world, input.parse(given)) }
}
