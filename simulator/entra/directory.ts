import { X509Certificate } from 'node:crypto'
import type { Random } from '../random.ts'

export type Secret = { id: string; value: string; from: number; until: number }

/** One registered app of a tenant, and what it may prove itself with. */
export type App = {
  clientId: string
  name: string
  disabled: boolean
  secrets: Secret[]
  certificates: X509Certificate[]
}

export type Tenant = { id: string; domain: string; apps: Map<string, App> }

/** What Entra ID knows: tenants, apps, and the tokens that it has issued. */
export type Directory = {
  readonly tenants: Tenant[]
  /** By id or domain, in any case. */
  findTenant(name: string): Tenant | undefined
  /** The app with this client id, whichever tenant it is in. */
  app(clientId: string): App
  readonly tokens: Map<string, IssuedToken>
}

export type IssuedToken = { tenant: string; clientId: string; audience: string; until: number }

export type TenantOptions = {
  id?: string | undefined
  domain?: string | undefined
  apps?: AppOptions[] | undefined
}

export type AppOptions = {
  clientId?: string | undefined
  name?: string | undefined
  secrets?:
    | { id?: string | undefined; value?: string | undefined; from?: string | undefined; until?: string | undefined }[]
    | undefined
  /** In PEM. */
  certificates?: string[] | undefined
}

const days = 86_400_000

export function createDirectory(options: TenantOptions[], { random, now }: { random: Random; now: number }): Directory {
  const tenants = options.map(({ id, domain, apps = [{}] }) => ({
    id: (id ?? random.guid()).toLowerCase(),
    domain: domain ?? 'hlf.example',
    apps: new Map(apps.map((app) => createApp(app, { random, now })).map((app) => [app.clientId.toLowerCase(), app])),
  }))
  return {
    tenants,
    findTenant: (name) => tenants.find(({ id, domain }) => [id, domain.toLowerCase()].includes(name.toLowerCase())),
    app: (clientId) => {
      const found = tenants.map(({ apps }) => apps.get(clientId.toLowerCase())).find((app) => app !== undefined)
      if (!found) throw new Error('no tenant has an app with this client id')
      return found
    },
    tokens: new Map(),
  }
}

function createApp(options: AppOptions, { random, now }: { random: Random; now: number }): App {
  return {
    clientId: options.clientId ?? random.guid(),
    name: options.name ?? 'mentor-expiry',
    disabled: false,
    secrets: (options.secrets ?? [{}]).map((secret) => createSecret(secret, { random, now })),
    certificates: (options.certificates ?? []).map((pem) => new X509Certificate(pem)),
  }
}

/** A secret is valid for half a year unless it says otherwise. */
export function createSecret(
  options: NonNullable<AppOptions['secrets']>[number],
  { random, now }: { random: Random; now: number },
): Secret {
  return {
    id: options.id ?? random.guid(),
    value: options.value ?? `simulated~${random.hex(32)}`,
    from: options.from === undefined ? now : Date.parse(options.from),
    until: options.until === undefined ? now + 182 * days : Date.parse(options.until),
  }
}
