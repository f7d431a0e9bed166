import { addAbortSignal } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { QueryArrayResult } from 'pg'
import { summarise } from '../../runtime/errors.ts'
import type { Command } from '../command.ts'
import { connect } from '../connect.ts'
import { refuse } from '../refuse.ts'
import { printTable } from '../table.ts'
import { parseUsage, UsageError } from '../usage.ts'

const help = `mentor-expiry sql "<statements>"|- [--json]

Runs SQL against the database of DATABASE_URL, or of the instance that runs in this folder, and prints what it returns:
for machines without psql. - reads standard input. Several statements are one transaction. Of columns with one name the second
is name_2, the third name_3.

  --json   one JSON object for each statement: { command, count, rows }; values are text, as PostgreSQL writes them, or null

  mentor-expiry sql "select * from expiry.uncovered_reminders"
  mentor-expiry sql - < feed.sql
`

export const sqlCommand: Command = {
  name: 'sql',
  help,
  async run(args, { stdout, stderr, databaseAddress, signal }) {
    // SQL that begins with a comment looks like an option.
    const isComment = (arg: string) => /^--\s/.test(arg)
    const sorted = [...args.filter((arg) => !isComment(arg)), '--', ...args.filter(isComment)]
    const { values, positionals } = parseUsage({
      args: args.some(isComment) ? sorted : args,
      allowPositionals: true,
      options: { json: { type: 'boolean' } },
    })
    const [given] = positionals
    if (given === undefined || positionals.length > 1)
      throw new UsageError('one argument is expected: SQL in quotes, or - for standard input')
    const statement = given === '-' ? await text(addAbortSignal(signal, process.stdin)) : given
    await using database = await connect(await databaseAddress(), {
      application_name: 'mentor-expiry sql',
      types: { getTypeParser: () => (text: string) => text }, // as PostgreSQL writes it
    })
    try {
      const answer: QueryArrayResult<unknown[]> | QueryArrayResult<unknown[]>[] = await database.client.query({
        text: statement,
        rowMode: 'array',
      })
      for (const result of [answer].flat()) {
        const columns = numbered(result.fields.map(({ name }) => name))
        const rows = result.rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])))
        if (values.json) stdout.write(`${JSON.stringify({ command: result.command, count: result.rowCount, rows })}\n`)
        else if (result.fields.length > 0) stdout.write(printTable(columns, rows))
        else stdout.write(`${[result.command, result.rowCount ?? []].flat().join(' ')}\n`)
      }
      return 0
    } catch (error) {
      const words = error instanceof Error ? error.message : 'failed'
      return refuse({ stdout, stderr }, values.json, { outcome: 'failed', words, code: summarise(error).code })
    }
  },
}

/** The names, each once: what would be there again gets a number. */
function numbered(names: string[]): string[] {
  const taken = new Set(names)
  const seen = new Set<string>()
  return names.map((name) => {
    let unique = name
    for (let place = 2; seen.has(unique) || (unique !== name && taken.has(unique)); place += 1)
      unique = `${name}_${place}`
    seen.add(unique)
    return unique
  })
}
