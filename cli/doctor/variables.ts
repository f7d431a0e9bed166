import { describeUnknown, findUnknownVariables } from '../unknown-variables.ts'
import { advise, type Finding, fail, pass } from './finding.ts'

/**
 * Variables that look like ours and are none. One that is nearly the name of ours is a slip of the pen, and what was meant
 * has no effect; another may belong to another program.
 */
export function checkVariables(env: NodeJS.ProcessEnv): Finding[] {
  const unknown = findUnknownVariables(env)
  if (unknown.length === 0) return [pass('variables', 'none that looks like ours and is unknown')]
  return unknown.map((variable) =>
    variable.nearest === undefined
      ? advise('variables', describeUnknown(variable), 'unset it, unless it is another program’s')
      : fail('variables', describeUnknown(variable), `rename it to ${variable.nearest}, or unset it`),
  )
}
