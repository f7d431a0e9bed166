import { needsDatabase, parseConfig } from '../../runtime/config.ts'
import type { Command } from '../command.ts'
import { type Area, diagnose } from '../doctor/diagnose.ts'
import { counted, type Outcome, pass } from '../doctor/finding.ts'
import { checkVariables } from '../doctor/variables.ts'
import { parseUsage } from '../usage.ts'
import { packageVersion } from '../version.ts'

const help = `mentor-expiry doctor [--json]

Looks at everything that a working installation needs, says what it found and what to do about it; changes nothing and
sends no message. Run it with the environment of the services, where they run. Exit code 0: nothing failed, 1: something
did, 2: bad configuration.
`

const marks: Record<Outcome, string> = { pass: 'ok', advice: 'note', fail: 'FAIL', skipped: '-' }

export const doctorCommand: Command = {
  name: 'doctor',
  help,
  async run(args, { env, stdout, environment, signal }) {
    const { values } = parseUsage({ args, options: { json: { type: 'boolean' } } })
    const config = parseConfig(await environment(), [needsDatabase])
    const areas: Area[] = []
    const show = (area: Area) => {
      areas.push(area)
      if (!values.json) stdout.write(describe(area))
    }
    const program = pass('program', `mentor-expiry ${packageVersion()} on Node ${process.versions.node}`)
    show({ area: 'Configuration', findings: [program, ...checkVariables(env)] })
    for await (const area of diagnose(config, signal)) show(area)
    const failed = areas.flatMap(({ findings }) => findings).filter(({ outcome }) => outcome === 'fail').length
    if (values.json) stdout.write(`${JSON.stringify({ failed, areas })}\n`)
    else stdout.write(failed === 0 ? '\nNothing is wrong.\n' : `\n${counted(failed, 'check')} failed.\n`)
    return failed === 0 ? 0 : 1
  },
}

function describe({ area, findings }: Area): string {
  const lines = findings.map(({ check, outcome, found, remedy }) => {
    const line = `  ${marks[outcome].padEnd(4)}  ${check.padEnd(18)} ${found}`
    return remedy === undefined ? line : `${line}\n        → ${remedy}`
  })
  return `${area}\n${lines.join('\n')}\n`
}
