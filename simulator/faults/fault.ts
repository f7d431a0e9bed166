import { z } from 'zod'
import { dataverseErrors } from '../dataverse/errors.ts'
import { tokenErrors } from '../entra/errors.ts'
import { routes } from '../wire/message.ts'

const headers = z.record(z.string(), z.string())
const values = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))

/** Whether the request is carried out before the fault shows: the client cannot tell. */
const committed = z.boolean().default(false)

/** What goes wrong. Times on the wire are real milliseconds, as a client's patience is; those of the service are virtual. */
export const Act = z.discriminatedUnion('kind', [
  /** Another answer than the service's own. */
  z.strictObject({
    kind: z.literal('answer'),
    committed,
    status: z.int().min(200).max(599),
    headers: headers.default({}),
    body: z.string().default(''),
  }),
  /** A refusal of the token endpoint, by its name. */
  z.strictObject({ kind: z.literal('entra'), error: z.enum(Object.keys(tokenErrors) as (keyof typeof tokenErrors)[]) }),
  /** A refusal of Dataverse, by its name; `code` replaces the one in its body. */
  z.strictObject({
    kind: z.literal('dataverse'),
    error: z.enum(Object.keys(dataverseErrors) as (keyof typeof dataverseErrors)[]),
    committed,
    code: z.string().optional(),
    /** Seconds or an HTTP-date; an empty text leaves the header out. */
    retryAfter: z.string().optional(),
  }),
  /** An HTML page of a proxy or of a maintenance window. */
  z.strictObject({
    kind: z.literal('page'),
    committed,
    status: z.int().default(503),
    title: z.string().default('Service Unavailable'),
    headers: headers.default({}),
  }),
  /** The connection breaks: before anything, once it is carried out, after the headers, or within the body. */
  z.strictObject({ kind: z.literal('cut'), when: z.enum(['at_once', 'committed', 'headers', 'body']) }),
  /** The request hangs, and is carried out when so many virtual seconds have passed; an answer goes to whoever still waits. */
  z.strictObject({ kind: z.literal('late'), seconds: z.number().min(0) }),
  /** Never answered, never carried out. */
  z.strictObject({ kind: z.literal('hang') }),
  /** Carried out and answered after a wait. */
  z.strictObject({ kind: z.literal('slow'), milliseconds: z.number().min(0) }),
  /** The answer comes byte by byte. */
  z.strictObject({ kind: z.literal('drip'), milliseconds: z.number().min(0) }),
  /** The body ends too early, and the headers say that this is all of it. */
  z.strictObject({ kind: z.literal('truncate'), keep: z.number().min(0).max(1).default(0.5) }),
  /** Members of the JSON body are others than the service's own. */
  z.strictObject({ kind: z.literal('alter'), members: z.record(z.string(), z.unknown()) }),
  /** The next link leads to the same page again. */
  z.strictObject({ kind: z.literal('repeat_page') }),
  /** Once the answer is made, the office edits the same or another contact: between a GET and the PATCH that follows. */
  z.strictObject({ kind: z.literal('edited_meanwhile'), key: z.string(), values }),
  /** The service's clock is wrong by so much, for what it checks and for its Date header. */
  z.strictObject({ kind: z.literal('skew'), seconds: z.number() }),
])
export type Act = z.infer<typeof Act>

/** When something goes wrong: each condition must hold. */
export const Fault = z.strictObject({
  act: Act,
  route: z.enum(routes).optional(),
  method: z.string().optional(),
  /** A part of the address as it is sent. */
  contains: z.string().optional(),
  /** How many requests pass first. */
  after: z.int().min(0).default(0),
  /** How many are hit. */
  times: z.int().min(1).optional(),
  probability: z.number().min(0).max(1).default(1),
  /** Virtual instants. */
  from: z.iso.datetime().optional(),
  until: z.iso.datetime().optional(),
})
export type Fault = z.infer<typeof Fault>
