import { isIPv4 } from 'node:net'

/** Where a server listens that only this machine may reach; port 0 stands for any free one. */
export type LoopbackAddress = { host: string; port: number }

const shape = /^(\[[^\]]*\]|[^:[\]]+):(\d{1,5})$/

/**
 * Parses `127.0.0.1:54380`, `localhost:54380` or `[::1]:54380`. Undefined where it is malformed or other machines could
 * reach it.
 */
export function parseLoopbackAddress(text: string): LoopbackAddress | undefined {
  const [, name, digits] = shape.exec(text) ?? []
  const port = Number(digits)
  if (name === undefined || port > 65_535) return undefined
  // Left to a resolver, `localhost` may be two addresses, of which a free port is free on one.
  if (name.toLowerCase() === 'localhost') return { host: '127.0.0.1', port }
  if (name === '[::1]') return { host: '::1', port }
  return isIPv4(name) && name.startsWith('127.') ? { host: name, port } : undefined
}

/** Whether a URL leads to this machine. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'))
}
