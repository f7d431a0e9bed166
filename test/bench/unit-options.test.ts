import { execFile } from 'node:child_process'
import process from 'node:process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { type UnitName, unitNodeOptions } from '../../bench/unit-options.ts'

test.each<UnitName>(['listener', 'notifier', 'portal-sync'])(
  'the unit of the %s limits the heap in a way that Node obeys',
  async (unit) => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['-p', 'v8.getHeapStatistics().heap_size_limit / 2 ** 20'],
      { env: { NODE_OPTIONS: unitNodeOptions(unit) } },
    )
    expect(Number(stdout)).toBeGreaterThanOrEqual(128)
    expect(Number(stdout)).toBeLessThan(200)
  },
)
