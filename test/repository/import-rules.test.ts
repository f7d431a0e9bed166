import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { packageRoot } from '../../runtime/package-root.ts'

const run = promisify(execFile)
const biome = join(packageRoot(), 'node_modules', '.bin', 'biome')

const broken: [folder: string, line: string][] = [
  ['contracts', `import { Pool } from 'pg'`],
  ['contracts', `import { openPool } from '../../runtime/pool.ts'`],
  ['runtime', `import { applySchema } from '../../db/apply.ts'`],
  ['runtime', `import { runListener } from '../../services/listener/listener.ts'`],
  ['db', `import { openPool } from '../../runtime/pool.ts'`],
  ['services/listener', `import { runNotifier } from '../../notifier/notifier.ts'`],
  ['services/notifier', `import { runListener } from '../../listener/listener.ts'`],
  ['services/notifier', `import { runCommand } from '../../../cli/main.ts'`],
  ['services/notifier', `import { runDashboard } from '../../dashboard/dashboard.ts'`],
  ['services/dashboard', `import { runNotifier } from '../../notifier/notifier.ts'`],
  ['services/portal-sync', `import { runNotifier } from '../../notifier/notifier.ts'`],
  ['services/listener', `import { runPortalSync } from '../../portal-sync/portal-sync.ts'`],
  ['simulator', `import { openPool } from '../../runtime/pool.ts'`],
  ['simulator', `import { applySchema } from '../../db/apply.ts'`],
  ['simulator', `import { runNotifier } from '../../services/notifier/notifier.ts'`],
  ['simulator', `import { runCommand } from '../../cli/main.ts'`],
  ['simulator', `import { ask } from '../../test/simulator/calls.ts'`],
  ['services/notifier', `import { startSimulator } from '../../../simulator/simulator.ts'`],
  ['runtime', `import { startSimulator } from '../../simulator/simulator.ts'`],
  ['cli', `import { freshDatabase } from '../../test/support/database.ts'`],
  ['bench', `import { startRedis } from '../../test/support/redis.ts'`],
]

test.each(broken)('%s may not hold: %s', async (folder, line) => {
  const scratch = await mkdtemp(join(packageRoot(), folder, 'scratch-'))
  try {
    const file = join(scratch, 'broken.ts')
    await writeFile(file, `${line}\n`)
    const answer = await run(biome, ['lint', '--only=style/noRestrictedImports', file]).then(
      () => 'allowed',
      (error: { stderr: string }) => error.stderr,
    )
    expect(answer).toContain('noRestrictedImports')
  } finally {
    await rm(scratch, { recursive: true })
  }
})
