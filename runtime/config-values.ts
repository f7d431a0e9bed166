import { z } from 'zod'
import { parseClusterUrl } from './cluster-url.ts'
import { parseLoopbackAddress } from './loopback-address.ts'
import { faultOfWebhookUrl, parseWebhookSecrets } from './webhook-settings.ts'

/*
 * What the values of the environment's variables may be. Whatever is wrong is told without the value.
 */

/** A time. Node's timers fire at once from 2,147,484 seconds on. */
export const time = z.coerce
  .number({ error: 'must be a number of seconds' })
  .positive('must be more than 0 seconds')
  .max(1_000_000, 'must be at most 1000000 seconds')
/** A time, with what it is when the variable is not set. */
export const seconds = (fallback: number) => time.default(fallback)
/** A whole number from 1 to `most`, with what it is when the variable is not set. */
export const count = (fallback: number, most: number) => {
  const error = `must be a whole number from 1 to ${most}`
  return z.coerce.number({ error }).int(error).min(1, error).max(most, error).default(fallback)
}
/** Of the host only the path of a socket is percent-encoded; a placeholder such as `…` would be as well. */
const namesHost = (url: string) => !URL.canParse(url) || /^(%2f.*|[^%]*)$/i.test(new URL(url).hostname)
const noHost = 'names no host: is something in it left to be filled in?'

/** What mostly is the cause where a URL is none, or leads to a host that is none. */
export const specialCharacters =
  'special characters in user and password are percent-encoded (@ is %40, : is %3A, / is %2F, # is %23, ? is %3F)'

/** Of a URL that begins as it must, and is none, what mostly is the cause. */
const orEncode = (error: string, scheme: RegExp) => (issue: { input?: unknown }) => {
  const isMeant = typeof issue.input === 'string' && scheme.test(issue.input)
  return isMeant ? `is no URL: ${specialCharacters}` : error
}

/**
 * A password that begins with digits and goes on with one of / # ? reads as a port, and the user as the host. In the value of a
 * parameter an @ is as good as any other character.
 */
export function userGoesOnBehindHost({ username, password, pathname, search, hash }: URL): boolean {
  const isParameter = /^\?[^@=&]+=/.test(search)
  return username + password === '' && `${pathname}${isParameter ? '' : search}${hash}`.includes('@')
}
const endsUser = (url: string) => !URL.canParse(url) || !userGoesOnBehindHost(new URL(url))
const userGoesOn = `has an @ behind its host: ${specialCharacters}`

const postgres = /^postgres(ql)?:\/\//
/** A server of PostgreSQL. */
export const postgresUrl = z
  .url({ protocol: /^postgres(ql)?$/, error: orEncode('must be a postgres:// URL', postgres) })
  .refine(namesHost, noHost)
  .refine(endsUser, userGoesOn)
/** The queue's server. */
export const queueUrl = z
  .union(
    [z.url({ protocol: /^(rediss?|postgres(ql)?)$/ }), z.string().refine((url) => parseClusterUrl(url) !== undefined)],
    {
      error: orEncode(
        'must be a redis://, rediss:// or postgres:// URL, or redis-cluster://user:password@host:port,host:port (rediss-cluster:// with TLS)',
        /^(rediss?|postgres(ql)?):\/\//,
      ),
    },
  )
  .refine(namesHost, noHost)
  .refine(endsUser, userGoesOn)

/** What a function makes of the text, which throws an error that names the fault and never the value. */
export const parsedBy = <T>(parse: (text: string) => T) =>
  z.string().transform((text, { addIssue }): T => {
    try {
      return parse(text)
    } catch (error) {
      addIssue(error instanceof Error ? error.message : 'is wrong')
      return z.NEVER
    }
  })

/** Where webhooks go. */
export const webhookUrl = z.string().superRefine((text, { addIssue }) => {
  const fault = faultOfWebhookUrl(text)
  if (fault !== undefined) addIssue(fault)
})

/** What webhooks are signed with. */
export const webhookSecrets = z.string().transform((text, { addIssue }) => {
  const secrets = parseWebhookSecrets(text)
  if (secrets) return secrets
  addIssue('must be whsec_ and 24 to 64 bytes in base64, or several such secrets with blanks between')
  return z.NEVER
})

/** Where a server listens that only this machine may reach. */
export const loopbackAddress = z.string().transform((text, { addIssue }) => {
  const address = parseLoopbackAddress(text)
  if (address) return address
  addIssue('must be 127.0.0.1:port, localhost:port or [::1]:port: without sign-in only this machine may reach it')
  return z.NEVER
})

/** Where a server listens. */
export const address = z.string().transform((text, { addIssue }) => {
  const [, host, port] = /^(\[[^\]\s]+\]|[^:[\]\s]+):(\d{1,5})$/.exec(text) ?? []
  if (host !== undefined && Number(port) <= 65_535) return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
  addIssue('must be host:port, such as 127.0.0.1:9401 or 0.0.0.0:9401')
  return z.NEVER
})
