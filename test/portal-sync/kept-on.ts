/** How many signals AbortSignal.any keeps on this one for as long as it lives. */
export function keptOn(signal: AbortSignal): number {
  const name = Object.getOwnPropertySymbols(signal).find(({ description }) => description === 'kDependantSignals')
  const kept: unknown = name && Reflect.get(signal, name)
  return typeof kept === 'object' && kept !== null ? Number(Reflect.get(kept, 'size')) : 0
}
