import { once } from 'node:events'
import type { Command } from '../command.ts'
import { connect } from '../connect.ts'
import { findOrganisation } from '../explain/find-mentor.ts'
import { readForecast } from '../forecast/read.ts'
import { jsonReporter, textReporter } from '../forecast/report.ts'
import { comingWords } from '../forecast/words.ts'
import { refuse } from '../refuse.ts'
import { parseUsage, UsageError } from '../usage.ts'

const help = `mentor-expiry forecast [--days 30] [--organisation SLUG] [--all] [--json]

Says who will be reminded about whom in the next days, who leaves service, and who is told of it, or why nobody is, by
date, if nothing changes; and of everybody else why no reminder comes, with their number and up to 20 names for each
reason. Reads only; needs a login with expiry_reader or expiry_service.

  --days N              how far to look, from each organisation's own today; 0 is today alone, 3650 the most
  --organisation SLUG   one organisation instead of all
  --all                 every name
  --json                one JSON object: { days, coming: [line], none: [{ outcome, count, words, mentors }] };
                        docs/errors.md lists the outcomes
`

const mostDays = 3650
const namedForEach = 20

export const forecastCommand: Command = {
  name: 'forecast',
  help,
  async run(args, { stdout, stderr, databaseAddress, signal }) {
    const { values } = parseUsage({
      args,
      options: {
        days: { type: 'string', default: '30' },
        organisation: { type: 'string' },
        all: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    })
    const days = parseDays(values.days)
    await using database = await connect(await databaseAddress(), { application_name: 'mentor-expiry forecast' })
    let organisationId: string | null = null
    if (values.organisation !== undefined) {
      const found = await findOrganisation(database.client, values.organisation)
      if (typeof found !== 'string') return refuse({ stdout, stderr }, values.json, found)
      organisationId = found
    }
    const reporter = values.json ? jsonReporter(days) : textReporter(days)
    const options = { days, organisationId, named: values.all ? null : namedForEach }
    // Whoever reads our output may end before us, and a long question need not be waited for.
    const giveUp = () => void database.client.end().catch(() => undefined)
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      for await (const line of readForecast(database.client, options, Object.keys(comingWords))) {
        if (!stdout.write(reporter.line(line))) await once(stdout, 'drain', { signal })
      }
      stdout.write(reporter.end())
    } catch (error) {
      if (!signal.aborted) throw error
      return 1
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
    return 0
  },
}

function parseDays(text: string): number {
  const days = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN
  if (!(days <= mostDays)) throw new UsageError(`--days is a whole number from 0 to ${mostDays}`)
  return days
}
