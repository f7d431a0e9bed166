import { describe, expect, test } from 'vitest'
import { expandMentorUrl } from '../../contracts/mentor-url.ts'
import { createComposer } from '../../services/notifier/channels/compose-message.ts'
import { compose, composer, read, to } from './composing.ts'
import { exampleMentor } from './delivery-example.ts'

const id = '7d3c1f5e-6a3b-4c1e-9d0e-2f1a5b6c7d8e'
const hostile = [
  'M-1',
  'a b/c?d#e&f=g',
  '"><script>alert(1)</script>',
  "javascript:alert('x')",
  'https://evil.example/',
  '@evil.example/',
  '\\\\evil.example\\',
  '%2e%2e%2f',
  '(A)1!*',
  'Åse 🦊',
  '{id}',
  'x\r\ny\0',
]

describe('the link to a mentor', () => {
  test.each([
    ['https://app.example.org/mentors/{ref}', 'M-1', 'https://app.example.org/mentors/M-1'],
    ['https://app.example.org/mentors/{ref}', 'a b/c', 'https://app.example.org/mentors/a%20b%2Fc'],
    ['https://app.example.org?mentor={ref}&tab=1', 'a&b', 'https://app.example.org/?mentor=a%26b&tab=1'],
    ['https://app.example.org/#/mentors/{id}/{ref}', 'M', `https://app.example.org/#/mentors/${id}/M`],
    ['http://localhost:3000/{ref}/{ref}', 'Å', 'http://localhost:3000/%C3%85/%C3%85'],
    ['https://møte.example/likepersoner/{ref}', 'M', 'https://xn--mte-0na.example/likepersoner/M'],
    ['https://app.example.org/all', 'M', 'https://app.example.org/all'],
    ['https://app.example.org/m/{ref}', 'M..1', 'https://app.example.org/m/M..1'],
    ['https://app.example.org/m?ref={ref}', '..', 'https://app.example.org/m?ref=..'],
  ])('%s with %s is %s', (template, ref, url) => {
    expect(expandMentorUrl(template, { id, ref })).toBe(url)
  })

  test('is the same page for whatever stands in a reference, and holds it whole', () => {
    for (const ref of hostile) {
      const text = expandMentorUrl('https://app.example.org/m/{ref}?r={ref}#{ref}', { id, ref }) ?? ''
      const url = new URL(text)
      expect(text).toMatch(/^[\w.~%:/?#=-]+$/)
      expect(url.origin).toBe('https://app.example.org')
      expect(url.pathname.split('/').slice(1).map(decodeURIComponent)).toEqual(['m', ref])
      expect(url.searchParams.get('r')).toBe(ref)
      expect(decodeURIComponent(url.hash)).toBe(`#${ref}`)
    }
  })

  test.each([
    ['https://app.example.org/m/{ref}/edit', '..'],
    ['https://app.example.org/m/{ref}', '.'],
    ['https://app.example.org/m/.{ref}', '.'],
    ['https://{ref}.example.org/', 'evil'],
    ['https://app.example.org:{ref}/', '444'],
    ['{ref}', 'https://evil.example'],
    ['javascript:alert({ref})', '1'],
    ['https://user:secret@app.example.org/{ref}', 'M'],
    ['https://app.example.org:99999/{ref}', 'M'],
    ['app.example.org/{ref}', 'M'],
  ])('%s with %s is none', (template, ref) => {
    expect(expandMentorUrl(template, { id, ref })).toBeNull()
  })
})

const url = 'https://app.example.org/m?a=1&b=M-1'

test.each([
  ['en', 'Open Kari Nordmann in the system of Fjord Likeperson'],
  ['nb', 'Åpne Kari Nordmann i systemet til Fjord Likeperson'],
] as const)('a message in %s links to the mentor in both its bodies, in words of its own', async (locale, words) => {
  const mail = await read({ mentor: exampleMentor({ url }), recipient: to(locale, 'coordinator') })
  expect(mail.text).toContain(`\n\n${words}:\n${url}\n\n-- \n`)
  const links = [...(mail.html || '').matchAll(/<a href="([^"]*)"[^>]*>([^<]*)<\/a>/g)]
  expect(links.map(([, href, text]) => [href?.replaceAll('&amp;', '&').replaceAll('&#x3D;', '='), text])).toEqual([
    [url, words],
  ])
})

test('markup in the names of a link stays text', () => {
  const { html } = compose({ mentor: exampleMentor({ url, name: '</a><img src=x>' }) })
  expect(html).not.toContain('<img')
  expect(html.match(/<\/a>/g)).toHaveLength(1)
})

test('without a link nothing stands in its place', () => {
  const { text, html } = compose({ mentor: exampleMentor({ url: null }) })
  expect(text).toMatch(/Organisasjon: Fjord Likeperson\n\n-- \n/)
  expect(text).not.toContain('Åpne')
  expect(html).not.toMatch(/<a\b|Åpne|class="button"|mso-/)
})

test('a redirected message links as the true one does', () => {
  const redirecting = createComposer({ from: composer.from, redirectTo: 'test@lab.example' })
  expect(compose({ mentor: exampleMentor({ url }) }, redirecting).text).toContain(url)
})
