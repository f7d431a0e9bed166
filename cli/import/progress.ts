import { Presets, SingleBar } from 'cli-progress'

/** How far an import is: `reached` of `total` bytes have been read. */
export type Progress = Disposable & { reached: (bytes: number) => void; phase: (words: string) => void }

/** A bar on a terminal, nothing at all elsewhere. */
export function showProgress(options: { stream: NodeJS.WriteStream; total: number }): Progress {
  if (!options.stream.isTTY) return { reached: () => {}, phase: () => {}, [Symbol.dispose]: () => {} }
  const bar = new SingleBar(
    {
      stream: options.stream,
      format: '{bar} {percentage}%  {words}',
      clearOnComplete: true,
      hideCursor: true,
      gracefulExit: false, // the command's own handling of signals stops the bar
    },
    Presets.shades_classic,
  )
  bar.start(options.total, 0, { words: 'reading' })
  return {
    reached: (bytes) => bar.update(bytes),
    phase: (words) => bar.update({ words }),
    [Symbol.dispose]: () => {
      if (bar.isActive) bar.stop()
    },
  }
}
