import { expect, test } from 'vitest'
import { proposedMapping } from '../../runtime/portal/mapping.ts'
import {
  columnsOf,
  type DesiredContact,
  differing,
  type PortalValues,
  readValues,
} from '../../runtime/portal/values.ts'

const desired: DesiredContact = {
  visible: false,
  status: 'certification_expired',
  expiryDate: '2027-02-28',
  changedAt: '2027-03-01T05:00:00Z',
  version: 12,
}
const shown: PortalValues = { visible: false, status: 100_000_002, expiryDate: '2027-02-28' }
const companions = { hlf_statuschangedon: '2027-03-01T05:00:00Z', hlf_sourceversion: 12 }

test('a mentor in our words is one in the columns of the portal, and back', () => {
  const columns = columnsOf(desired, proposedMapping)
  expect(columns).toEqual({
    hlf_websitevisible: false,
    hlf_mentorstatus: 100_000_002,
    hlf_certificationexpireson: '2027-02-28',
    ...companions,
  })
  expect(readValues(columns, proposedMapping)).toEqual(shown)
})

test('where nothing differs nothing is written, whatever the version is', () => {
  expect(differing(desired, shown, proposedMapping)).toEqual({})
  expect(differing({ ...desired, version: 13, changedAt: '2028-01-01T00:00:00Z' }, shown, proposedMapping)).toEqual({})
})

test.each<[Partial<PortalValues>, object]>([
  [{ visible: true }, { hlf_websitevisible: false }],
  [{ visible: null }, { hlf_websitevisible: false }],
  [{ status: 100_000_000 }, { hlf_mentorstatus: 100_000_002 }],
  [{ status: null }, { hlf_mentorstatus: 100_000_002 }],
  [{ expiryDate: null }, { hlf_certificationexpireson: '2027-02-28' }],
  [
    { visible: true, expiryDate: '2027-02-27' },
    { hlf_websitevisible: false, hlf_certificationexpireson: '2027-02-28' },
  ],
])('where the portal shows %j only that is written, with when and by which version', (otherwise, columns) => {
  expect(differing(desired, { ...shown, ...otherwise }, proposedMapping)).toEqual({ ...columns, ...companions })
})

test('a mentor who has left keeps the status where the mapping has no option for it', () => {
  const left: DesiredContact = { ...desired, status: 'inactive', expiryDate: null }
  expect(columnsOf(left, proposedMapping)).not.toHaveProperty('hlf_mentorstatus')
  expect(differing(left, { visible: false, status: 7, expiryDate: null }, proposedMapping)).toEqual({})
  const withOption = { ...proposedMapping, statuses: { ...proposedMapping.statuses, inactive: 8 } }
  expect(differing(left, { visible: false, status: 7, expiryDate: null }, withOption)).toEqual({
    hlf_mentorstatus: 8,
    ...companions,
  })
})

test('columns that may be left out are not written', () => {
  const { visible, status, expiryDate } = proposedMapping.columns
  const mapping = { ...proposedMapping, columns: { visible, status, expiryDate } }
  expect(differing(desired, { ...shown, visible: true }, mapping)).toEqual({ hlf_websitevisible: false })
})

test.each([
  { hlf_websitevisible: 'yes' },
  { hlf_mentorstatus: 'Active' },
  { hlf_certificationexpireson: '2027-02-28T00:00:00Z' },
  { hlf_websitevisible: undefined },
])('a row with %j is not understood', (otherwise) => {
  expect(readValues({ ...columnsOf(desired, proposedMapping), ...otherwise }, proposedMapping)).toBeUndefined()
})
