import { z } from 'zod'
import { type Failure, failed } from './answer.ts'
import type { PortalClient } from './client.ts'
import type { Mapping } from './mapping.ts'
import { type Columns, type PortalValues, readValues } from './values.ts'

/** One contact of the portal as it is now. */
export type PortalContact = { readonly key: string; readonly values: PortalValues }

type Asking = { readonly client: PortalClient; readonly mapping: Mapping; readonly priority: number }

/** Reads one contact, with the version that a conditional write names. */
export async function readContact(
  { client, mapping, priority }: Asking,
  key: string,
  signal: AbortSignal,
): Promise<{ kind: 'ok'; values: PortalValues; etag: string; requestId: string | undefined } | Failure> {
  const address = addressOf(client, mapping, key)
  if (address === undefined) return unusableKey
  const url = `${address}?$select=${columnsToRead(mapping).join(',')}`
  const answer = await client.send({ method: 'GET', url, priority }, signal)
  if (answer.kind !== 'ok') return answer
  const { requestId } = answer
  const row = Row.safeParse(answer.body).data
  const values = row && readValues(row, mapping)
  return row && values ? { kind: 'ok', values, etag: row['@odata.etag'], requestId } : notUnderstood(requestId)
}

/** Writes columns of one contact: whatever its version is, by `*`, or of the one just read. It never creates one. */
export async function updateContact(
  { client, mapping, priority }: Asking,
  change: { readonly key: string; readonly columns: Columns; readonly ifMatch: string },
  signal: AbortSignal,
): Promise<{ kind: 'ok'; requestId: string | undefined } | Failure> {
  const { key, columns, ifMatch } = change
  const url = addressOf(client, mapping, key)
  if (url === undefined) return unusableKey
  const answer = await client.send({ method: 'PATCH', url, columns, ifMatch, priority }, signal)
  return answer.kind === 'ok' ? { kind: 'ok', requestId: answer.requestId } : answer
}

/**
 * All contacts with a key, page by page, in no order that may be relied on. A failure ends it and is the last that it yields.
 */
export async function* contactPages(
  { client, mapping, priority, pageSize = 1_000 }: Asking & { readonly pageSize?: number },
  signal: AbortSignal,
): AsyncGenerator<{ kind: 'ok'; contacts: PortalContact[] } | Failure, void, undefined> {
  const { entitySet, keyColumn } = mapping
  const select = [keyColumn, ...columnsToRead(mapping)].join(',')
  const seen = new Set<string>()
  let url: string | undefined = `${client.root}${entitySet}?$select=${select}&$filter=${keyColumn}%20ne%20null`
  while (url !== undefined) {
    seen.add(url)
    const answer = await client.send({ method: 'GET', url, pageSize, priority }, signal)
    if (answer.kind !== 'ok') return yield answer
    const page = readPage(answer.body, mapping)
    if (!page) return yield notUnderstood(answer.requestId)
    yield { kind: 'ok', contacts: page.contacts }
    url = page.next
    if (url !== undefined && (!isOurs(url, client) || seen.has(url))) {
      const code = seen.has(url) ? 'repeated_page' : 'foreign_page'
      return yield failed({ code, mayHaveArrived: false, requestId: answer.requestId })
    }
  }
}

const Row = z.looseObject({ '@odata.etag': z.string().regex(/^(W\/)?"[^"]*"$/) })
const Page = z.object({
  value: z.array(z.record(z.string(), z.unknown())),
  '@odata.nextLink': z.string().optional(),
})

/** The columns that a contact is compared by. */
export function columnsToRead({ columns: { visible, status, expiryDate } }: Mapping): string[] {
  return [visible, status, expiryDate]
}

const unknownValues: PortalValues = { visible: null, status: null, expiryDate: null }

function readPage(
  body: unknown,
  mapping: Mapping,
): { contacts: PortalContact[]; next: string | undefined } | undefined {
  const page = Page.safeParse(body).data
  if (!page) return undefined
  const contacts: PortalContact[] = []
  for (const row of page.value) {
    const key = row[mapping.keyColumn]
    const values = readValues(row, mapping)
    // One that is not understood stops no other; a push will say of it that it is not.
    if (typeof key === 'string') contacts.push({ key, values: values ?? unknownValues })
  }
  return { contacts, next: page['@odata.nextLink'] }
}

/** A link is followed as it stands, and the token goes with it: to nobody else. */
function isOurs(link: string, { root }: PortalClient): boolean {
  return URL.canParse(link) && new URL(link).origin === new URL(root).origin
}

/** None of these works in a key, however it is encoded; and half a letter cannot be encoded. */
const forbidden = /[/<>*%&:\\?+]|\p{Surrogate}/u

/** Where a contact is; undefined where its key cannot be asked for. */
function addressOf({ root }: PortalClient, { entitySet, keyColumn }: Mapping, key: string): string | undefined {
  if (key === '' || forbidden.test(key)) return undefined
  return `${root}${entitySet}(${keyColumn}='${encodeURIComponent(key.replaceAll("'", "''"))}')`
}

const unusableKey: Failure = { kind: 'rejected', code: 'unusable_key', requestId: undefined }

function notUnderstood(requestId: string | undefined): Failure {
  return { kind: 'rejected', code: 'not_understood', requestId }
}
