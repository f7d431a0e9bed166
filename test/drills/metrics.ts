export type Answer = { status: number; body: string }

/** What a service answers at this path; undefined while nobody listens yet. */
export async function get(port: number, path: string): Promise<Answer | undefined> {
  return await fetch(`http://127.0.0.1:${port}${path}`).then(
    async (response) => ({ status: response.status, body: await response.text() }),
    () => undefined,
  )
}

/** The value of one series, such as `mentor_expiry_reminders{status="queued",reason=""}`; undefined where there is none. */
export function seriesIn({ body }: Answer, series: string): number | undefined {
  const line = body.split('\n').find((candidate) => candidate.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

/** @throws Error when nobody answers. */
export async function metrics(port: number): Promise<Answer> {
  const answer = await get(port, '/metrics')
  if (!answer) throw new Error('nobody answers')
  return answer
}
