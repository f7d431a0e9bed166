/** Where a Redis Cluster is found and how one signs in; user and password are the same on every node. */
export type ClusterAddress = {
  nodes: { host: string; port: number }[]
  username?: string
  password?: string
  tls: boolean
}

const shape = /^(rediss?)-cluster:\/\/(?:([^\s@/]*)@)?([^\s@/?#]+)\/?$/
const defaultPort = 6379

/** Whether this is, or was meant to be, the URL of a Redis Cluster. */
export function isClusterUrl(url: string): boolean {
  return /^rediss?-cluster:/.test(url)
}

/**
 * Parses `redis-cluster://user:password@host:port,host:port`, or `rediss-cluster://` for TLS. User and password are
 * percent-encoded; without a user the password is the default user's. Undefined where the URL is malformed.
 */
export function parseClusterUrl(url: string): ClusterAddress | undefined {
  const [, scheme, credentials, hosts] = shape.exec(url) ?? []
  if (hosts === undefined) return undefined
  const nodes = hosts.split(',').map(parseNode)
  const signIn = credentials === undefined ? {} : parseCredentials(credentials)
  if (signIn === undefined || !nodes.every((node) => node !== undefined)) return undefined
  return { nodes, ...signIn, tls: scheme === 'rediss' }
}

function parseNode(address: string): { host: string; port: number } | undefined {
  // A scheme that URL does not know, so that it keeps every port; the brackets of an IPv6 address are not part of it.
  const text = `redis://${address}`
  if (!URL.canParse(text)) return undefined
  const { hostname, port } = new URL(text)
  if (hostname === '' || port === '0') return undefined
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || defaultPort) }
}

/** A user without a password would sign in as nobody: more likely a password whose colon was forgotten. */
function parseCredentials(text: string): { username?: string; password: string } | undefined {
  const colon = text.indexOf(':')
  if (colon === -1 || colon === text.length - 1) return undefined
  try {
    const username = decodeURIComponent(text.slice(0, colon))
    return { password: decodeURIComponent(text.slice(colon + 1)), ...(username !== '' && { username }) }
  } catch {
    return undefined
  }
}
