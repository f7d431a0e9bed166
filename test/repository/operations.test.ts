import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageRoot } from '../../runtime/package-root.ts'
import { startService } from '../support/services.ts'

const units = join(packageRoot(), 'ops')

test('each unit starts a command that there is, and is not started again after an end that starting cannot help', async () => {
  const names = (await readdir(units)).filter((name) => name.endsWith('.service'))
  expect(names).toHaveLength(3)
  for (const name of names) {
    const unit = await readFile(join(units, name), 'utf8')
    const command = /^ExecStart=\S+\/bin\/mentor-expiry (\S+)$/m.exec(unit)?.[1] ?? ''
    expect(name).toBe(`mentor-expiry-${command}.service`)
    await using service = await startService([command], { DATABASE_URL: 'nonsense' })
    const { code } = await service.exited
    expect(service.output).toContain('bad configuration')
    // The later file wins, and %N is the unit's own name: with `@2` for an instance.
    expect(unit.match(/^EnvironmentFile=.*$/gm)).toEqual([
      'EnvironmentFile=/etc/mentor-expiry/environment',
      'EnvironmentFile=-/etc/mentor-expiry/%N',
    ])
    expect(unit).toMatch(new RegExp(`^RestartPreventExitStatus=${code}$`, 'm'))
  }
})
