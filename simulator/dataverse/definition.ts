import { z } from 'zod'

const choice = z.strictObject({ value: z.int(), label: z.string() })

const common = { name: z.string(), readOnly: z.boolean().optional() }

/** One column: its logical name and what it may hold. */
export const Column = z.discriminatedUnion('type', [
  z.strictObject({ ...common, type: z.literal('id') }),
  z.strictObject({ ...common, type: z.literal('text'), maxLength: z.int() }),
  z.strictObject({ ...common, type: z.literal('boolean') }),
  z.strictObject({ ...common, type: z.literal('choice'), choices: z.array(choice) }),
  z.strictObject({ ...common, type: z.literal('state'), choices: z.array(choice) }),
  z.strictObject({ ...common, type: z.literal('status'), choices: z.array(choice.extend({ state: z.int() })) }),
  z.strictObject({ ...common, type: z.literal('date') }),
  z.strictObject({ ...common, type: z.literal('instant') }),
  z.strictObject({ ...common, type: z.literal('integer'), min: z.int(), max: z.int() }),
])
export type Column = z.infer<typeof Column>

/** An alternate key; while its index is not active it cannot be used. */
export const Key = z.strictObject({
  name: z.string(),
  columns: z.array(z.string()).min(1).max(16),
  status: z.enum(['Pending', 'InProgress', 'Active', 'Failed']).default('Active'),
})
export type Key = z.infer<typeof Key>

/** What Dataverse knows about the table that it is asked for. */
export const Definition = z.strictObject({
  logicalName: z.string(),
  entitySet: z.string(),
  schemaName: z.string(),
  primaryId: z.string(),
  columns: z.array(Column),
  keys: z.array(Key).max(10),
  changeTracking: z.boolean(),
  optimisticConcurrency: z.boolean(),
})
export type Definition = z.infer<typeof Definition>

const wholeNumbers = { min: -2_147_483_648, max: 2_147_483_647 }

/** Dataverse's own columns of a contact, as far as somebody asks for them here. */
const standardColumns: Column[] = [
  { name: 'contactid', type: 'id', readOnly: true },
  { name: 'firstname', type: 'text', maxLength: 50 },
  { name: 'lastname', type: 'text', maxLength: 50 },
  { name: 'fullname', type: 'text', maxLength: 160, readOnly: true },
  { name: 'emailaddress1', type: 'text', maxLength: 100 },
  { name: 'telephone1', type: 'text', maxLength: 50 },
  { name: 'description', type: 'text', maxLength: 2_000 },
  { name: 'createdon', type: 'instant', readOnly: true },
  { name: 'modifiedon', type: 'instant', readOnly: true },
  {
    name: 'statecode',
    type: 'state',
    choices: [
      { value: 0, label: 'Active' },
      { value: 1, label: 'Inactive' },
    ],
  },
  {
    name: 'statuscode',
    type: 'status',
    choices: [
      { value: 1, label: 'Active', state: 0 },
      { value: 2, label: 'Inactive', state: 1 },
    ],
  },
]

/** What a mentor has beside: every name is the customer's to choose, these are the ones proposed. */
const mentorColumns: Column[] = [
  { name: 'hlf_mentorid', type: 'text', maxLength: 100 },
  {
    name: 'hlf_mentorstatus',
    type: 'choice',
    choices: [
      { value: 100_000_000, label: 'Active' },
      { value: 100_000_001, label: 'Paused' },
      { value: 100_000_002, label: 'Certification expired' },
    ],
  },
  { name: 'hlf_certificationexpireson', type: 'date' },
  { name: 'hlf_websitevisible', type: 'boolean' },
  { name: 'hlf_statuschangedon', type: 'instant' },
  { name: 'hlf_sourceversion', type: 'integer', ...wholeNumbers },
  { name: 'hlf_presentation', type: 'text', maxLength: 4_000 },
]

export function contactDefinition(): Definition {
  return {
    logicalName: 'contact',
    entitySet: 'contacts',
    schemaName: 'Contact',
    primaryId: 'contactid',
    columns: structuredClone([...standardColumns, ...mentorColumns]),
    keys: [{ name: 'hlf_mentoridkey', columns: ['hlf_mentorid'], status: 'Active' }],
    changeTracking: true,
    optimisticConcurrency: true,
  }
}
