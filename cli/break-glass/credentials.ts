import { addAbortSignal, type Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import { UsageError } from '../usage.ts'

const Credentials = z.strictObject({
  clientSecret: z.string().min(1),
  clientId: z.string().optional(),
  tenant: z.string().optional(),
  url: z.string().optional(),
})

const shape = 'either the secret alone or JSON: { "clientSecret": …, "clientId"?: …, "tenant"?: …, "url"?: … }'

/**
 * Reads new credentials, as the variables that they stand for. A secret of Entra ID never begins with `{`, so that the
 * secret alone and JSON cannot be taken for one another. Throws UsageError, which never quotes what was read.
 */
export async function readCredentials(
  input: Readable & { isTTY?: boolean },
  signal: AbortSignal,
): Promise<Record<string, string>> {
  if (input.isTTY) {
    throw new UsageError(
      'a terminal would show the secret: read -rs SECRET; printf %s "$SECRET" | mentor-expiry break-glass-sync …',
    )
  }
  const given = (await text(addAbortSignal(signal, input))).trim()
  const found = Credentials.safeParse(given.startsWith('{') ? parsed(given) : { clientSecret: given })
  if (!found.success) throw new UsageError(`standard input must hold ${shape}`)
  const { clientSecret, clientId, tenant, url } = found.data
  if (isKey(clientSecret)) throw new UsageError(notASecret)
  return {
    PORTAL_CLIENT_SECRET: clientSecret,
    PORTAL_CERTIFICATE: '', // one of the two proves the application
    ...(clientId !== undefined && { PORTAL_CLIENT_ID: clientId }),
    ...(tenant !== undefined && { PORTAL_TENANT: tenant }),
    ...(url !== undefined && { PORTAL_URL: url }),
  }
}

const notASecret =
  'this is a key, a certificate or several lines, and no client secret: nothing was sent. ' +
  'A PEM file goes by PORTAL_CERTIFICATE, without --credentials-from-stdin'

/** Whether what was given must not be posted to anybody: a secret is one line. */
function isKey(secret: string): boolean {
  return secret.startsWith('-----BEGIN') || /[\r\n]/.test(secret)
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
