import { z } from 'zod'
import { readConfiguredFile } from '../configured-file.ts'
import { parseJson } from './json.ts'

const name = z
  .string({ error: 'must be a name' })
  .regex(/^[a-z][a-z0-9_]{0,127}$/, 'must be a logical name: small letters, digits and _')

/** A mentor must be able to sign in to renew, which an inactive contact cannot. */
const column = name.refine((text) => text !== 'statecode' && text !== 'statuscode', {
  error: 'must be a column of its own: statecode and statuscode lock the mentor out of the website',
})

const option = z.int({ error: 'must be the whole number of an option' })

/** What the portal calls what we know of a mentor: its table, columns and option values. */
export const Mapping = z
  .strictObject({
    entitySet: name,
    logicalName: name,
    /** The column of the alternate key by which contacts are addressed. */
    keyColumn: column,
    columns: z.strictObject({
      visible: column,
      status: column,
      expiryDate: column,
      changedAt: column.optional(),
      version: column.optional(),
    }),
    statuses: z.strictObject({
      active: option,
      paused: option,
      certification_expired: option,
      /** Null leaves the column as it is. */
      inactive: option.nullable(),
    }),
  })
  .superRefine(({ keyColumn, columns }, { addIssue }) => {
    const names = [keyColumn, ...Object.values(columns).filter((each) => each !== undefined)]
    if (new Set(names).size < names.length) {
      addIssue({ code: 'custom', path: ['columns'], message: 'must all be different, and none the key' })
    }
  })

export type Mapping = z.infer<typeof Mapping>

/** The names that are proposed to the customer. */
export const proposedMapping: Mapping = {
  entitySet: 'contacts',
  logicalName: 'contact',
  keyColumn: 'hlf_mentorid',
  columns: {
    visible: 'hlf_websitevisible',
    status: 'hlf_mentorstatus',
    expiryDate: 'hlf_certificationexpireson',
    changedAt: 'hlf_statuschangedon',
    version: 'hlf_sourceversion',
  },
  statuses: { active: 100_000_000, paused: 100_000_001, certification_expired: 100_000_002, inactive: null },
}

/** Reads a mapping from a JSON file. Throws an error that names every fault at once, and never a value. */
export function readMapping(file: string): Mapping {
  const content = parseJson(readConfiguredFile(file))
  if (content === undefined) throw new Error('is no JSON')
  const parsed = Mapping.safeParse(content)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')} ${message}`,
  )
  throw new Error(faults.join('; '))
}
