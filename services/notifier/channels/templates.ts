import { readFileSync } from 'node:fs'
import path from 'node:path'
import Handlebars from 'handlebars'
import { packageRoot } from '../../../runtime/package-root.ts'
import type { Wording } from '../words/wording.ts'

/** What the templates show: the words, how loud the page is, where it links to. Every field is needed; a missing one throws. */
type Page = Wording & {
  readonly locale: string
  readonly colour: string
  readonly redirected: string | null
  readonly link: string | null
}

/** The two bodies of a reminder, ready to be filled in. */
export type Templates = {
  readonly text: (page: Page) => string
  readonly html: (page: Page) => string
}

/** Reads and compiles the templates; a fault in one of them throws here or at its first use, never half-renders. */
export function loadTemplates(): Templates {
  const engine = Handlebars.create()
  const source = (name: string) =>
    readFileSync(path.join(packageRoot(), 'services', 'notifier', 'templates', name), 'utf8')
  const html = engine.compile<Page>(source('reminder.html.hbs'), { strict: true })
  // Plain text knows no markup: escaping would show `&amp;` to a reader.
  const text = engine.compile<Page>(source('reminder.text.hbs'), { strict: true, noEscape: true })
  return { text: (page) => text(page), html: (page) => html(page) }
}
