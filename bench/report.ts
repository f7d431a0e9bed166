import type { Bound, Measured } from './measure.ts'

/** The table of bench/RESULTS.md. Only the ratios compare between machines and days. */
export function report(measured: Measured[], about: { commit: string; machine: string; day: string }): string {
  return `# Measurements

Made by \`npm run bench\`: figure and baseline in one run, in turns, on one machine; the middle of the rounds. Times are
noisy; only the ratios count.

${about.day}, commit ${about.commit}, ${about.machine}.

| work | baseline | figure | baseline's | ratio | floor | aim | what limits it |
| --- | --- | --- | --- | --- | --- | --- | --- |
${measured.map(row).join('\n')}
`
}

function row({ work, baseline, unit, figure, reference, bound, limit }: Measured): string {
  const ratio = figure / reference
  const cells = [work, baseline, show(figure, unit), show(reference, unit), `**${ratio.toFixed(2)} ×**`]
  return `| ${[...cells, floor(bound, ratio), aim(bound), limit].join(' | ')} |`
}

function floor(bound: Bound, ratio: number): string {
  if (bound.kind === 'beside') return 'none (beside it)'
  const isKept = bound.kind === 'at most' ? ratio <= bound.floor : ratio >= bound.floor
  return `${sign(bound.kind)} ${bound.floor} ×${isKept ? '' : ', missed'}`
}

function aim(bound: Bound): string {
  return bound.kind === 'beside' ? '' : `${sign(bound.kind)} ${bound.aim} ×`
}

const sign = (kind: 'at most' | 'at least') => (kind === 'at most' ? '≤' : '≥')

const decimals: Record<Measured['unit'], number> = { s: 2, ms: 1, MB: 0, 'rows/s': 0 }

function show(value: number, unit: Measured['unit']): string {
  const digits = decimals[unit]
  const text = value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits })
  return `${text} ${unit}`
}
