import type { Client } from 'pg'
import { expandMentorUrl } from '../../contracts/mentor-url.ts'
import { advise, counted, type Finding, pass } from './finding.ts'

const anyMentor = { id: '00000000-0000-0000-0000-000000000000', ref: 'M-1' }

/** Organisations whose template yields no address: their messages go out without the link. */
export async function checkLinks(database: Client): Promise<Finding[]> {
  const { rows } = await database.query<{ slug: string; template: string }>(
    `select o.slug, o.mentor_url as template from expiry.organisations as o
      where o.mentor_url is not null order by o.slug`,
  )
  const broken = rows.filter(({ template }) => expandMentorUrl(template, anyMentor) === null)
  if (broken.length === 0)
    return [
      pass(
        'links',
        rows.length === 0
          ? 'no organisation has a mentor_url: messages go out without a link'
          : `${counted(rows.length, 'organisation')} with links to mentors, all sound`,
      ),
    ]
  return [
    advise(
      'links',
      `no address comes of mentor_url of ${broken.map(({ slug, template }) => `${slug} (${template})`).join(', ')}: messages go out without the link`,
      'correct expiry.organisations.mentor_url: docs/configuration.md, "Organisations"',
    ),
  ]
}
