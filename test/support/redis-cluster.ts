import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { createCertificate } from '../fakes/smtp/certificate.ts'
import { freePort } from './free-port.ts'
import { createGuardedFolder } from './guarded-folder.ts'
import { type RedisServer, startRedis } from './redis.ts'
import { waitFor } from './wait.ts'

const SLOTS = 16_384
const NODES = 3

/** One master of the cluster: `port` is what a client of the cluster connects to. */
type Node = { readonly server: RedisServer; readonly port: number; readonly admin: Redis }

/** A Redis Cluster of three masters on 127.0.0.1 that lets in one user by password, and the default user by the same. */
export type RedisCluster = AsyncDisposable & {
  /** The master that has this key first, the two others behind it. */
  nodesFor(key: string): Promise<Node[]>
  /** `user:password@`, percent-encoded. */
  readonly credentials: string
  /** A file with the certificate of all nodes, where they speak TLS. */
  readonly caFile: string | undefined
}

const USER = 'mentor-expiry'
const PASSWORD = 's@fe,/and:sound'

/** Starts a cluster and waits until each node can serve; with `tls` clients have to speak it. */
export async function startRedisCluster({ tls = false }: { tls?: boolean } = {}): Promise<RedisCluster> {
  const resources: AsyncDisposable[] = []
  const release = async () => {
    for (let last = resources.pop(); last; last = resources.pop()) await last[Symbol.asyncDispose]()
  }
  try {
    const folder = await createGuardedFolder('redis-cluster')
    resources.push(folder)
    const certificates = tls ? await writeCertificate(folder.path) : undefined
    const accessFile = join(folder.path, 'users.acl')
    await writeFile(accessFile, ['default', USER].map((user) => `user ${user} on >${PASSWORD} ~* &* +@all\n`).join(''))
    const nodes: Node[] = []
    for (let count = 0; count < NODES; count += 1) {
      const tlsPort = tls ? await freePort() : undefined
      const server = await startRedis({
        settings: { aclfile: accessFile, ...(await settingsOf(tlsPort, certificates)) },
      })
      resources.push(server)
      const admin = new Redis(server.port, '127.0.0.1', { password: PASSWORD, maxRetriesPerRequest: null })
      admin.on('error', () => undefined) // a node that a test has stopped; it reconnects by itself
      resources.push({ [Symbol.asyncDispose]: async () => admin.disconnect() })
      nodes.push({ server, port: tlsPort ?? server.port, admin })
    }
    await unite(nodes)
    return {
      nodesFor: async (key) => {
        const slot = Number(await nodes[0]?.admin.cluster('KEYSLOT', key))
        const owner = nodes.findIndex((_, index) => slot < firstSlot(index + 1))
        return [...nodes.slice(owner), ...nodes.slice(0, owner)]
      },
      credentials: `${encodeURIComponent(USER)}:${encodeURIComponent(PASSWORD)}@`,
      caFile: certificates?.cert,
      [Symbol.asyncDispose]: release,
    }
  } catch (error) {
    await release()
    throw error
  }
}

const firstSlot = (node: number) => Math.ceil((node * SLOTS) / NODES)

type CertificateFiles = { cert: string; key: string }

async function writeCertificate(folder: string): Promise<CertificateFiles> {
  const { cert, key } = createCertificate()
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  await writeFile(files.cert, cert)
  await writeFile(files.key, key, { mode: 0o600 })
  return files
}

async function settingsOf(
  tlsPort: number | undefined,
  files: CertificateFiles | undefined,
): Promise<Record<string, string>> {
  return {
    'cluster-enabled': 'yes',
    'cluster-config-file': 'nodes.conf',
    'cluster-port': String(await freePort()),
    ...(files && {
      'tls-port': String(tlsPort),
      'tls-cluster': 'yes',
      'tls-cert-file': files.cert,
      'tls-key-file': files.key,
      'tls-ca-cert-file': files.cert,
      'tls-auth-clients': 'no',
    }),
  }
}

/** Gives each node its third of the slots and makes them known to each other. */
async function unite(nodes: Node[]): Promise<void> {
  const [first] = nodes
  if (!first) throw new Error('a cluster has nodes')
  for (const [index, { admin, port }] of nodes.entries()) {
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', firstSlot(index), firstSlot(index + 1) - 1)
    await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
    const [, busPort] = await admin.config('GET', 'cluster-port').then((answer) => answer as string[])
    if (index > 0) await first.admin.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort ?? '')
  }
  await waitFor(
    'the cluster to serve',
    async () => {
      const states = await Promise.all(nodes.map(({ admin }) => admin.cluster('INFO')))
      return states.every((state) => /cluster_state:ok/.test(state) && state.includes(`cluster_known_nodes:${NODES}`))
    },
    { deadlineMs: 20_000 },
  )
}
