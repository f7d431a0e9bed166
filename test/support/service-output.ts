import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where this run keeps what its services have said; workers inherit it. */
const FOLDER = 'MENTOR_EXPIRY_TEST_OUTPUT'

/** Stands before a line of a command's own answer, which may name people. */
export const ANSWER = 'answer: '

type Kept = { command: string; secrets: string[] }

const token = 'an access token'

/** What no log may hold: a name for it, and how it looks. Names of people are those that fixtures give. */
const forbidden: Readonly<Record<string, RegExp>> = {
  [token]: /\bBearer\s+\S|simulated-access-token|\beyJ[\w-]{8,}\.[\w-]{8,}/,
  'an e-mail address': /[\w.+-]+@[\w-]+\.[a-z]{2,}/i,
  'a full name': /\b(?:Mentor|Coordinator) \d+\b|\bNordmann\b|\b(?:Kari|Ola|Anne) [A-ZÆØÅ]/,
}

/** The day on which a secret ends is none. */
const isSecret = /(SECRET|PASSWORD|TOKEN)(?!_EXPIRES_ON)/

/** Remembers that a service was started, and with which secrets; what comes back takes all that it has said. */
export function keepOutput(command: string, env: Readonly<Record<string, string>>): (lines: readonly string[]) => void {
  const folder = process.env[FOLDER]
  if (folder === undefined) return () => undefined
  const file = join(folder, randomUUID())
  const secrets = Object.entries(env).flatMap(([name, value]) =>
    isSecret.test(name) && value.length >= 8 ? [value] : [],
  )
  writeFileSync(`${file}.json`, JSON.stringify({ command, secrets } satisfies Kept))
  return (lines) => writeFileSync(`${file}.log`, lines.join('\n'))
}

/** What the services of a run have said, for its end. */
export type ServiceOutput = {
  readonly folder: string
  /** What is wrong with it, a line each, which repeat nothing of it. Removes what was kept. */
  close(): string[]
}

/** Lets the services of this process and of its workers keep their output from now on. */
export function openServiceOutput(): ServiceOutput {
  const folder = mkdtempSync(join(tmpdir(), 'mentor-expiry-output-'))
  process.env[FOLDER] = folder
  // What must be found, so that nobody takes a search that finds nothing for a clean one.
  keepOutput('canary', { SECRET: 'the secret of the canary' })([
    'Bearer canary',
    'canary@example.org',
    'Mentor 1',
    'the secret of the canary',
  ])
  return {
    folder,
    close: () => {
      const found = findLeaks(folder)
      rmSync(folder, { recursive: true })
      const canary = found.filter((line) => line.startsWith('canary: '))
      const leaks = found.filter((line) => !canary.includes(line))
      return canary.length === 4 ? leaks : [...leaks, 'what services have said was not looked at']
    },
  }
}

function findLeaks(folder: string): string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
  const kept = files.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Kept)
  const secrets = new Set(kept.flatMap((each) => each.secrets))
  return files.flatMap((name, index) => {
    const command = kept[index]?.command ?? ''
    const log = join(folder, name.replace('.json', '.log'))
    if (!existsSync(log)) return [`${command}: what it said was not kept`]
    const lines = readFileSync(log, 'utf8').split('\n')
    const leaks = lines.flatMap((line) =>
      leaksIn(line, secrets).map((leak) => `${command}: ${leak} in ${eventOf(line)}`),
    )
    return [...new Set(leaks)]
  })
}

function leaksIn(line: string, secrets: ReadonlySet<string>): string[] {
  const isAnswer = line.startsWith(ANSWER)
  const found = Object.entries(forbidden).flatMap(([what, pattern]) =>
    pattern.test(line) && (what === token || !isAnswer) ? [what] : [],
  )
  return [...secrets].some((secret) => line.includes(secret)) ? [...found, 'a secret'] : found
}

function eventOf(line: string): string {
  return /"msg":"(\w+)"/.exec(line)?.[1] ?? 'a line that is no event'
}
