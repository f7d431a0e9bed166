/** The columns that the file has, as its header names them. */
export const columns =
  'organisation,mentor_ref,mentor_name,status,certification_expiry_date,coordinator_ref,coordinator_name,coordinator_email'

/** One line a mentor, as an export of a host would have them: 50 organisations, 20 coordinators each; so many per cent renewed. */
export function peopleFile(lines: number, { renewed }: { renewed: number }): string {
  const rows = [columns]
  const now = Date.now()
  for (let mentor = 0; mentor < lines; mentor += 1) {
    const organisation = mentor % 50
    const coordinator = Math.floor(mentor / 50) % 20
    const days = 1 + (mentor % 365) + (mentor % 100 < renewed ? 365 : 0)
    const expiry = new Date(now + days * 86_400_000).toISOString().slice(0, 10)
    const address = `koordinator${coordinator}@organisasjon-${organisation}.example.org`
    rows.push(
      `organisasjon-${organisation},${100_000 + mentor},Åse Bjørnstad ${mentor},active,${expiry},k${coordinator},Kari Nordmann ${coordinator},${address}`,
    )
  }
  return `${rows.join('\n')}\n`
}
