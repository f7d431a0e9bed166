import type { VirtualClock } from '../virtual-clock.ts'
import { type Answer, notImitated, type Request, type Service } from '../wire/message.ts'
import type { Listed, Website } from './website.ts'

/** `/portal/mentors`, its search, and the administrator's button. */
export function createPublicPage({ website, clock }: { website: Website; clock: VirtualClock }): Service {
  return {
    routeOf: () => 'page',
    admit: (request) => ({ carryOut: () => answer(website, clock.now(), request), release: () => undefined }),
  }
}

function answer(website: Website, now: number, { method, path, query }: Request): Answer {
  if (path === '/portal/_clear' && method === 'POST') {
    website.clear()
    return { status: 204 }
  }
  if (path !== '/portal/mentors' || !['GET', 'HEAD'].includes(method)) return notImitated(`${method} ${path}`)
  const parameters = new URLSearchParams(query)
  const searched = parameters.get('q') ?? ''
  if ([...parameters.keys()].some((name) => name !== 'q')) return notImitated('other parameters than q')
  const mentors = searched === '' ? website.listed(now) : website.found(searched, now)
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'private, no-store' }
  return { status: 200, headers, body: render(mentors, searched) }
}

function render(mentors: Listed[], searched: string): string {
  const items = mentors.map(
    ({ id, key, name }) => `      <li id="mentor-${id}" data-key="${escapeHtml(key)}">${escapeHtml(name)}</li>\n`,
  )
  const counted = mentors.length === 1 ? '1 mentor' : `${mentors.length} mentors`
  const said = searched === '' ? counted : `${counted} found for “${escapeHtml(searched)}”`
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Our peer mentors</title>
    <style>
      body { font: 1.125rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a }
      input, button { font: inherit; padding: 0.25rem 0.5rem }
    </style>
  </head>
  <body>
    <main>
      <h1>Our peer mentors</h1>
      <form role="search" method="get" action="/portal/mentors">
        <label for="q">Search by name</label>
        <input id="q" name="q" type="search" value="${escapeHtml(searched)}">
        <button type="submit">Search</button>
      </form>
      <p role="status">${said}</p>
      <ul>
${items.join('')}      </ul>
    </main>
  </body>
</html>
`
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? '')
}
