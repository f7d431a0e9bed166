/** The same URL, reached through a proxy of this machine. */
export function throughProxy(url: string, proxy: { readonly port: number }): string {
  const changed = new URL(url)
  changed.port = String(proxy.port)
  return changed.href
}
