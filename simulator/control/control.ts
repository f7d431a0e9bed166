import { z } from 'zod'
import { type Answer, json, notImitated, type Request } from '../wire/message.ts'
import type { World } from '../world.ts'
import type { Command } from './command.ts'
import { contactCommands } from './contact-commands.ts'
import { identityCommands } from './identity-commands.ts'
import { runCommands } from './run-commands.ts'

const commands = { ...contactCommands, ...identityCommands, ...runCommands }
type Commands = typeof commands

type AsFunction<Each> =
  Each extends Command<infer Input, infer Output>
    ? undefined extends Input
      ? (input?: Input) => Output
      : (input: Input) => Output
    : never

/** The commands as functions, for tests in the same process. */
export type Control = { readonly [Name in keyof Commands]: AsFunction<Commands[Name]> } & {
  /** Everything is as it was at the start. */
  reset(): void
}

/** The same by name, with what came from another process. */
export type CommandsByName = Readonly<Record<string, (input: unknown) => unknown>>

export function createControl(
  world: () => World,
  reset: () => void,
): { control: Control; commandsByName: CommandsByName } {
  const bind = ([name, each]: [string, Command<unknown, unknown>]) =>
    [name, (input: unknown) => each.run(world(), input)] as const
  const functions = Object.fromEntries([
    ...Object.entries<Command<unknown, unknown>>(commands).map(bind),
    ['reset', reset],
  ])
  // Each function has the type of its command; that is more than a loop over them can tell the compiler.
  return { control: functions as object as Control, commandsByName: functions }
}

/** `POST /__sim/<command>` with the input as JSON; the answer is the output as JSON. */
export function answerControl(commandsByName: CommandsByName, { method, path, body }: Request): Answer {
  const name = path.slice('/__sim/'.length)
  const wanted = Object.hasOwn(commandsByName, name) ? commandsByName[name] : undefined
  if (!wanted || !['GET', 'POST'].includes(method)) return notImitated(`${method} ${path}`)
  try {
    const input: unknown = body.length === 0 ? undefined : JSON.parse(body.toString('utf8'))
    return json(200, wanted(input) ?? null)
  } catch (error) {
    const message = error instanceof z.ZodError ? z.prettifyError(error) : String(error)
    return json(400, { error: message })
  }
}
