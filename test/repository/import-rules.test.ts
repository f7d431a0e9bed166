import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageRoot } from '../../runtime/package-root.ts'

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
  ['cli', `import { freshDatabase } from '../../test/support/database.ts'`],
  ['bench', `import { startRedis } from '../../test/support/redis.ts'`],
]

test.each(broken)('%s may not hold: %s', (folder, line) => {
  const file = join(folder, 'scratch', 'broken.ts')
  const answer = spawnSync(biome, ['lint', `--stdin-file-path=${file}`], {
    cwd: packageRoot(),
    input: `${line}\n`,
    encoding: 'utf8',
  })
  expect(answer.stderr).toContain('noRestrictedImports')
})
