import { z } from 'zod'
import { Key } from '../dataverse/definition.ts'
import type { Row, Values } from '../dataverse/table.ts'
import { guid } from '../dataverse/values.ts'
import { createRow } from '../dataverse/writes.ts'
import { findRow, writeAs } from '../edits.ts'
import { command } from './command.ts'

const values = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
/** An id, or a value of the first alternate key. */
const key = z.string()

/** What the office and the website's visitors do to contacts, and what becomes of the table. */
export const contactCommands = {
  /** Puts contacts in as if they had long been there: every cache shows them. */
  seedContacts: command(z.array(values), ({ table, random, clock, website }, contacts) => {
    const rows = contacts.map((contact) => {
      const { [table.definition.primaryId]: given, ...others } = contact
      const id = typeof given === 'string' && guid.test(given) ? given : random.guid()
      return createRow(table, id, others, { at: clock.now(), by: 'office' })
    })
    website.reveal(rows)
    return rows.map(({ id }) => id)
  }),
  contacts: command(z.undefined(), ({ table }) => [...table.rows()].map(describe)),
  contact: command(key, ({ table }, wanted) => describe(findRow(table, wanted))),
  editAsOffice: command(z.strictObject({ key, values }), ({ table, clock }, edit) =>
    describe(writeAs(table, findRow(table, edit.key), edit.values, { at: clock.now(), by: 'office' })),
  ),
  editThroughPortal: command(z.strictObject({ key, values }), ({ table, clock }, edit) =>
    describe(writeAs(table, findRow(table, edit.key), edit.values, { at: clock.now(), by: 'portal' })),
  ),
  deleteContact: command(key, ({ table, clock }, wanted) => {
    table.remove(findRow(table, wanted), { at: clock.now(), by: 'office' })
  }),
  /** The one that is merged away becomes inactive. */
  mergeContacts: command(z.strictObject({ from: key, into: key }), ({ table, clock }, { from, into }) => {
    findRow(table, into)
    const inactive = { statecode: 1, statuscode: 2 }
    return describe(writeAs(table, findRow(table, from), inactive, { at: clock.now(), by: 'office' }))
  }),
  renameColumn: command(z.strictObject({ from: z.string(), to: z.string() }), ({ table, website }, { from, to }) => {
    table.renameColumn(from, to)
    const { columns } = website.settings
    for (const name of ['key', 'visible', 'expires'] as const) if (columns[name] === from) columns[name] = to
    website.reload()
  }),
  setKeyStatus: command(
    Key.pick({ name: true }).extend({ status: Key.shape.status.unwrap() }),
    ({ table }, { name, status }) => {
      const found = table.definition.keys.find((each) => each.name === name)
      if (!found) throw new Error('the table has no such key')
      found.status = status
    },
  ),
  setChangeTracking: command(z.boolean(), ({ table }, enabled) => {
    table.definition.changeTracking = enabled
  }),
  listedMentors: command(z.undefined(), ({ website, clock }) => website.listed(clock.now())),
  foundMentors: command(z.string(), ({ website, clock }, query) => website.found(query, clock.now())),
  clearWebsite: command(z.undefined(), ({ website }) => website.clear()),
}

function describe({ id, version, values: shown }: Row): { id: string; version: number; values: Values } {
  return { id, version, values: shown }
}
