import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { serverRefusalCodes } from '../../cli/server-refusals.ts'
import { tlsCodes, tlsRemedy } from '../../cli/tls-remedy.ts'
import { packageRoot } from '../../runtime/package-root.ts'

test('every code of a connection that has a remedy is documented', async () => {
  const errors = await readFile(join(packageRoot(), 'docs/errors.md'), 'utf8')
  const section = errors.split(/^## /m).find((part) => part.startsWith('Connections')) ?? ''
  const documented = [...section.matchAll(/^\| ([\w, ]+) \|/gm)].flatMap(([, codes = '']) => codes.split(', '))
  expect(documented).toEqual(expect.arrayContaining([...tlsCodes, ...serverRefusalCodes]))
})

test('a remedy names the variable of the server that it is about', () => {
  expect(tlsRemedy('SELF_SIGNED_CERT_IN_CHAIN', 'CRON_DATABASE_URL')).toContain('set DATABASE_CA_FILE')
  expect(tlsRemedy('SELF_SIGNED_CERT_IN_CHAIN', 'QUEUE_URL')).toContain('set QUEUE_CA_FILE')
  expect(tlsRemedy('ERR_TLS_CERT_ALTNAME_INVALID', 'QUEUE_URL')).toContain('the host of QUEUE_URL')
  expect(tlsRemedy('ECONNREFUSED', 'QUEUE_URL')).toBeUndefined()
})
