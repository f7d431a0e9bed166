import { X509Certificate } from 'node:crypto'
import { z } from 'zod'
import { type ApplicationUser, privileges } from '../dataverse/users.ts'
import { createSecret } from '../entra/directory.ts'
import { SecretOptions } from '../options.ts'
import type { World } from '../world.ts'
import { command } from './command.ts'

const clientId = z.string()
const role = z.array(z.enum(privileges))

/** What administrators of the tenant and of the environment do. */
export const identityCommands = {
  /** The first app's, for whoever starts a simulator and did not choose them. */
  credentials: command(z.undefined(), ({ directory }) => {
    const [tenant] = directory.tenants
    const [app] = tenant?.apps.values() ?? []
    if (!tenant || !app) throw new Error('the first tenant has no app')
    return { tenant: tenant.id, clientId: app.clientId, clientSecret: app.secrets[0]?.value }
  }),
  addSecret: command(SecretOptions.extend({ clientId }), ({ directory, random, clock }, { clientId: id, ...given }) => {
    const secret = createSecret(given, { random, now: clock.now() })
    directory.app(id).secrets.push(secret)
    return { id: secret.id, value: secret.value }
  }),
  /** A secret ends now; who used it is told that it has expired. */
  expireSecrets: command(clientId, ({ directory, clock }, id) => {
    for (const secret of directory.app(id).secrets) secret.until = Math.min(secret.until, clock.now())
  }),
  /** A secret is deleted, or all of them; who used it is told that it is wrong. Tokens stay valid: none can be revoked. */
  removeSecrets: command(z.strictObject({ clientId, id: z.string().optional() }), ({ directory }, given) => {
    const app = directory.app(given.clientId)
    app.secrets = given.id === undefined ? [] : app.secrets.filter(({ id }) => id !== given.id)
  }),
  addCertificate: command(z.strictObject({ clientId, certificate: z.string() }), ({ directory }, given) => {
    directory.app(given.clientId).certificates.push(new X509Certificate(given.certificate))
  }),
  removeCertificates: command(clientId, ({ directory }, id) => {
    directory.app(id).certificates = []
  }),
  setAppDisabled: command(z.strictObject({ clientId, disabled: z.boolean() }), ({ directory }, given) => {
    directory.app(given.clientId).disabled = given.disabled
  }),
  removeApp: command(clientId, ({ directory }, id) => {
    for (const { apps } of directory.tenants) apps.delete(id.toLowerCase())
  }),
  addUser: command(
    z.strictObject({ clientId, role: role.default([...privileges]) }),
    ({ users, random }, { clientId: application, role: allowed }) => {
      const user = { application, id: random.guid(), disabled: false, role: new Set(allowed) }
      users.byApplication.set(application.toLowerCase(), user)
    },
  ),
  removeUser: command(clientId, ({ users }, id) => void users.byApplication.delete(id.toLowerCase())),
  /** Null takes the role away. */
  setRole: command(z.strictObject({ clientId, role: role.nullable() }), (world, given) => {
    userOf(world, given.clientId).role = given.role === null ? undefined : new Set(given.role)
  }),
  setUserDisabled: command(z.strictObject({ clientId, disabled: z.boolean() }), (world, given) => {
    userOf(world, given.clientId).disabled = given.disabled
  }),
  setAppRestricted: command(z.strictObject({ clientId, restricted: z.boolean() }), ({ users }, given) => {
    const id = given.clientId.toLowerCase()
    if (given.restricted) users.restricted.add(id)
    else users.restricted.delete(id)
  }),
}

function userOf({ users }: World, id: string): ApplicationUser {
  const user = users.byApplication.get(id.toLowerCase())
  if (!user) throw new Error('the environment has no user for this application')
  return user
}
