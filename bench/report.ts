import type { Measured } from './measure.ts'

/** The table of bench/RESULTS.md. Only the ratios compare between machines and days. */
export function report(measured: Measured[], about: { commit: string; machine: string; day: string }): string {
  const lines = measured.map(({ work, baseline, unit, figure, reference, floor, limit }) => {
    const digits = unit === 's' ? 2 : 0
    const cells = [work, baseline, show(figure, digits, unit), show(reference, digits, unit)]
    return `| ${[...cells, `**${(figure / reference).toFixed(2)} ×**`, floor, limit].join(' | ')} |`
  })
  return `# Measurements

Made by \`npm run bench\`: figure and baseline in one run, on one machine. Times are noisy; only the ratios count.

${about.day}, commit ${about.commit}, ${about.machine}.

| work | baseline | figure | baseline's | ratio | floor | what limits it |
| --- | --- | --- | --- | --- | --- | --- |
${lines.join('\n')}
`
}

const show = (value: number, digits: number, unit: string) =>
  `${value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits })} ${unit}`
