import { z } from 'zod'
import { Definition } from './dataverse/definition.ts'
import { defaultLimits } from './dataverse/limits.ts'
import { privileges } from './dataverse/users.ts'

const delay = z.union([z.enum(['worst', 'random']), z.number().min(0)])

export const SecretOptions = z.strictObject({
  id: z.string().optional(),
  value: z.string().optional(),
  from: z.iso.datetime().optional(),
  until: z.iso.datetime().optional(),
})

const AppOptions = z.strictObject({
  clientId: z.string().optional(),
  name: z.string().optional(),
  /** One that is generated where nothing is said. */
  secrets: z.array(SecretOptions).optional(),
  /** In PEM. */
  certificates: z.array(z.string()).optional(),
})

const TenantOptions = z.strictObject({
  id: z.guid().optional(),
  domain: z.string().optional(),
  apps: z.array(AppOptions).optional(),
})

/** How a simulator begins; each member may be left out. */
export const Options = z.strictObject({
  /** Any free one where it is 0. */
  port: z.int().min(0).max(65_535).default(0),
  /** Serves https with this certificate and key, in PEM. */
  tls: z.strictObject({ cert: z.string(), key: z.string() }).optional(),
  seed: z.int().default(1),
  clock: z.strictObject({ start: z.iso.datetime().optional(), pace: z.number().min(0).default(1) }).prefault({}),
  tenants: z.array(TenantOptions).min(1).default([{}]),
  /** What the role of each app's user allows at first. */
  role: z.array(z.enum(privileges)).default([...privileges]),
  table: Definition.optional(),
  servers: z.int().min(1).max(3).default(1),
  limits: z
    .strictObject({
      requests: z.int().min(1).default(defaultLimits.requests),
      executionTime: z.int().min(1).default(defaultLimits.executionTime),
      concurrent: z.int().min(1).default(defaultLimits.concurrent),
      firstPause: z.int().min(1).default(defaultLimits.firstPause),
    })
    .prefault({}),
  /** Bytes of a body at most. */
  largestBody: z.int().min(1).default(4_194_304),
  /** Milliseconds that the service counts for each request at least, without taking them. */
  executionTime: z.number().min(0).default(5),
  /** Real milliseconds that each request takes. */
  latency: z.number().min(0).default(0),
  /** What tokens may be asked for beside the organisation; the organisation refuses those. */
  otherResources: z.array(z.string()).default(['https://graph.microsoft.com']),
  tokenLifetime: z.union([z.literal('random'), z.int().min(0)]).default('random'),
  descriptionStyle: z.enum(['spaces', 'lines']).default('spaces'),
  website: z
    .strictObject({
      pageDelay: delay.default('worst'),
      searchDelay: delay.default('worst'),
      filterByExpiry: z.boolean().default(false),
      timeZone: z.string().default('UTC'),
      columns: z
        .strictObject({
          key: z.string().default('hlf_mentorid'),
          visible: z.string().default('hlf_websitevisible'),
          expires: z.string().default('hlf_certificationexpireson'),
        })
        .prefault({}),
    })
    .prefault({}),
})
export type Options = z.output<typeof Options>
export type OptionsInput = z.input<typeof Options>
