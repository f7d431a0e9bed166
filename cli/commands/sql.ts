import type { QueryResult } from 'pg'
import type { Command } from '../command.ts'
import { connect } from '../connect.ts'
import { printTable } from '../table.ts'
import { parseUsage, UsageError } from '../usage.ts'

const help = `mentor-expiry sql "<statement>" [--json]

Runs SQL against the database of DATABASE_URL, or of the instance that runs in this folder, and prints what it returns:
for machines without psql.

  mentor-expiry sql "select * from expiry.uncovered_reminders"
`

export const sqlCommand: Command = {
  name: 'sql',
  summary: 'run SQL, for machines without psql',
  help,
  async run(args, { stdout, stderr, databaseUrl }) {
    const { values, positionals } = parseUsage({ args, allowPositionals: true, options: { json: { type: 'boolean' } } })
    const [statement] = positionals
    if (statement === undefined || positionals.length > 1) throw new UsageError('one statement is expected, in quotes')
    await using database = await connect({
      connectionString: await databaseUrl(),
      application_name: 'mentor-expiry sql',
      types: { getTypeParser: () => (text: string) => text }, // as PostgreSQL writes it
    })
    try {
      const answer: QueryResult | QueryResult[] = await database.client.query(statement)
      for (const result of [answer].flat()) {
        if (values.json)
          stdout.write(`${JSON.stringify({ command: result.command, count: result.rowCount, rows: result.rows })}\n`)
        else if (result.fields.length > 0)
          stdout.write(
            printTable(
              result.fields.map((field) => field.name),
              result.rows,
            ),
          )
        else stdout.write(`${result.command} ${result.rowCount ?? ''}\n`)
      }
      return 0
    } catch (error) {
      stderr.write(`${error instanceof Error ? error.message : 'failed'}\n`)
      return 1
    }
  },
}
