const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/
const norwegian = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/

type DateFault = 'bad_date' | 'impossible_date' | 'date_out_of_range'
export type ReadDate = { kind: 'date'; date: string } | { kind: 'fault'; code: DateFault }

const fault = (code: DateFault): ReadDate => ({ kind: 'fault', code })

/** Reads `2026-12-31`, or `31.12.2026` as Norwegian Excel rewrites it, into `YYYY-MM-DD`. Years 2000 to 2200. */
export function readDate(text: string): ReadDate {
  const isoParts = iso.exec(text)
  const norwegianParts = isoParts === null ? norwegian.exec(text) : null
  const parts = isoParts ?? norwegianParts
  if (parts === null) return fault('bad_date')
  const year = Number(isoParts === null ? parts[3] : parts[1])
  const month = Number(parts[2])
  const day = Number(isoParts === null ? parts[1] : parts[3])
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return fault('impossible_date')
  if (year < 2000 || year > 2200) return fault('date_out_of_range')
  const isWritten = isoParts !== null && text.length === 10
  return { kind: 'date', date: isWritten ? text : `${year}-${twoDigits(month)}-${twoDigits(day)}` }
}

const twoDigits = (value: number) => (value < 10 ? `0${value}` : `${value}`)

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}
