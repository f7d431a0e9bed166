import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../runtime/package-root.ts'

export type UnitName = 'listener' | 'notifier' | 'portal-sync'

/**
 * The options of Node that the systemd unit of a service starts it with, so that what is measured is what operators run.
 * Throws where the unit names none.
 */
export function unitNodeOptions(name: UnitName): string {
  const unit = readFileSync(join(packageRoot(), `ops/mentor-expiry-${name}.service`), 'utf8')
  const [, options] = /^Environment="NODE_OPTIONS=(.*)"$/m.exec(unit) ?? []
  if (options === undefined) throw new Error(`the unit of the ${name} has no NODE_OPTIONS`)
  return options
}
