import { type ParseArgsConfig, parseArgs } from 'node:util'

/** The command was called wrongly; its help says how it is called. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** `parseArgs` of node:util, strict; throws UsageError for what does not fit. */
export function parseUsage<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config)
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'bad usage')
  }
}
