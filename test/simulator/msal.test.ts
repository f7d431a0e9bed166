import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startSimulator } from '../../simulator/simulator.ts'
import { createCertificate } from '../fakes/smtp/certificate.ts'
import { createGuardedFolder } from '../support/guarded-folder.ts'
import { createCredential } from './assertions.ts'

const tsx = createRequire(import.meta.url).resolve('tsx')
const client = fileURLToPath(new URL('./msal-client.ts', import.meta.url))

/** A simulator with TLS and a client of Microsoft's own library, unmodified, in a process that trusts it. */
async function openSimulator() {
  const tls = createCertificate()
  const credential = createCredential(Date.now())
  const simulator = await startSimulator({
    tls,
    tokenLifetime: 3_600,
    tenants: [{ apps: [{ certificates: [credential.cert] }] }],
  })
  const folder = await createGuardedFolder('msal')
  const trusted = join(folder.path, 'trusted.pem')
  await writeFile(trusted, tls.cert)
  const { tenant, clientId, clientSecret } = simulator.control.credentials()
  const { origin } = simulator.urls
  const signIn = async (changes: object) => {
    const child = spawn(process.execPath, ['--import', tsx, client], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: trusted },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    child.stdin.end(JSON.stringify({ origin, tenant, clientId, scope: `${origin}/.default`, ...changes }))
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
    expect(code).toBe(0)
    return JSON.parse(said)
  }
  return {
    simulator,
    credential,
    clientSecret,
    signIn,
    [Symbol.asyncDispose]: async () => {
      await simulator[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

test("Microsoft's own library signs in with a secret and with a certificate, and the Web API takes its token", async () => {
  await using site = await openSimulator()
  const { clientSecret, credential, signIn } = site
  const certificate = { thumbprintSha256: credential.thumbprint, privateKey: credential.key }
  expect(await Promise.all([signIn({ clientSecret }), signIn({ certificate })])).toEqual([
    { minutes: 60, whoAmI: 200 },
    { minutes: 60, whoAmI: 200 },
  ])
})

test("Microsoft's own library reads each refusal as what it is", { timeout: 60_000 }, async () => {
  await using site = await openSimulator()
  const { clientSecret, simulator, signIn } = site
  const stranger = createCredential(Date.now())
  const refusals = [
    await signIn({ clientSecret: 'wrong' }),
    await signIn({ clientSecret, clientId: '00000000-0000-4000-8000-000000000000' }),
    await signIn({ clientSecret, scope: 'https://elsewhere.example/.default' }),
    await signIn({ certificate: { thumbprintSha256: stranger.thumbprint, privateKey: stranger.key } }),
  ]
  simulator.control.expireSecrets(simulator.control.credentials().clientId)
  refusals.push(await signIn({ clientSecret }))
  expect(refusals).toEqual([
    { name: 'ServerError', code: 'invalid_client', number: 7000215, status: 401 },
    { name: 'ServerError', code: 'unauthorized_client', number: 700016, status: 400 },
    { name: 'ServerError', code: 'invalid_resource', number: 500011, status: 400 },
    { name: 'ServerError', code: 'invalid_client', number: 700027, status: 401 },
    { name: 'ServerError', code: 'invalid_client', number: 7000222, status: 401 },
  ])
})
