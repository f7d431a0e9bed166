import { expect, test } from 'vitest'
import { findUnknownVariables } from '../../cli/unknown-variables.ts'
import { configurationKeys } from '../../runtime/config.ts'

test.each([
  ['MAIL_UR', 'MAIL_URL'],
  ['DATABASE_ULR', 'DATABASE_URL'],
  ['DATABSE_URL', 'DATABASE_URL'],
  ['DELIVERY_LEASES', 'DELIVERY_LEASE'],
  ['QUEUE_WINDOWS', 'QUEUE_WINDOW'],
  ['DATABASE_HOST', undefined],
  ['RETRY_FOREVER', undefined],
])('%s is taken for a misspelt %s', (variable, nearest) => {
  expect(findUnknownVariables({ [variable]: 'x' })).toEqual([{ variable, nearest }])
})

test('known, empty and foreign variables are in order', () => {
  const known = Object.fromEntries(configurationKeys.map((key) => [key, 'x']))
  const foreign = { PATH: 'x', HOME: 'x', NODE_OPTIONS: 'x', PGHOST: 'x', EMAIL: 'x', CI: 'x', npm_config_cache: 'x' }
  expect(findUnknownVariables({ ...known, ...foreign, MAIL_UR: '' })).toEqual([])
})
