import { createInterface } from 'node:readline/promises'

/** Asks a person at a terminal; yes is `y` or `yes`, and everything else, the end of the input included, is no. */
export async function confirm(
  question: string,
  { input, output, signal }: { input: NodeJS.ReadableStream; output: NodeJS.WritableStream; signal: AbortSignal },
): Promise<boolean> {
  const terminal = createInterface({ input, output })
  const ended = new AbortController()
  terminal.once('close', () => ended.abort())
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal: AbortSignal.any([signal, ended.signal]) })
    return /^y(es)?$/i.test(answer.trim())
  } catch (error) {
    if (signal.aborted || ended.signal.aborted) return false
    throw error
  } finally {
    terminal.close()
  }
}
