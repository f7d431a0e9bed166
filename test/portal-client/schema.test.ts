import { expect, test } from 'vitest'
import { type Mapping, proposedMapping } from '../../runtime/portal/mapping.ts'
import { checkSchema } from '../../runtime/portal/schema.ts'
import { contactDefinition } from '../../simulator/dataverse/definition.ts'
import type { Simulator } from '../../simulator/simulator.ts'
import { openSimulator } from '../simulator/calls.ts'
import { patient, portalAt } from './portals.ts'

const { columns, statuses } = proposedMapping

async function findingsOf(simulator: Simulator, mapping: Mapping = proposedMapping) {
  await using portal = portalAt(simulator, { mapping })
  const answer = await checkSchema({ ...portal, priority: 1 }, patient)
  return answer.kind === 'ok' ? answer.findings.map(({ code, subject }) => `${code} ${subject}`) : answer
}

test('the proposed mapping fits the table that is proposed', async () => {
  await using simulator = await openSimulator()
  expect(await findingsOf(simulator)).toEqual([])
})

test('every name and option that the live table has otherwise is found, all at once', async () => {
  await using simulator = await openSimulator()
  const mapping: Mapping = {
    entitySet: 'people',
    logicalName: 'contact',
    keyColumn: 'hlf_number',
    columns: {
      visible: 'hlf_shown',
      status: 'hlf_mentorstatus',
      expiryDate: 'hlf_statuschangedon',
      changedAt: 'createdon',
      version: 'hlf_presentation',
    },
    statuses: { ...statuses, paused: 7, inactive: 8 },
  }
  expect(await findingsOf(simulator, mapping)).toEqual([
    'entity_set_differs people',
    'key_missing hlf_number',
    'column_missing hlf_number',
    'column_missing hlf_shown',
    'column_not_writable createdon',
    'column_of_other_type hlf_presentation',
    'option_missing paused',
    'option_missing inactive',
    'date_with_time hlf_statuschangedon',
  ])
})

test('a column of another type is found, and its options and date are not asked for', async () => {
  await using simulator = await openSimulator()
  const swapped = { ...columns, status: columns.expiryDate, expiryDate: columns.status }
  expect(await findingsOf(simulator, { ...proposedMapping, columns: swapped })).toEqual([
    `column_of_other_type ${columns.expiryDate}`,
    `column_of_other_type ${columns.status}`,
  ])
})

test('a mapping without the columns that may be left out is no fault', async () => {
  await using simulator = await openSimulator()
  const { visible, status, expiryDate } = columns
  expect(await findingsOf(simulator, { ...proposedMapping, columns: { visible, status, expiryDate } })).toEqual([])
})

test('a table whose changes are not tracked, whose versions are not compared or whose key is not ready is found', async () => {
  await using simulator = await openSimulator({ table: { ...contactDefinition(), optimisticConcurrency: false } })
  simulator.control.setChangeTracking(false)
  simulator.control.setKeyStatus({ name: 'hlf_mentoridkey', status: 'Pending' })
  expect(await findingsOf(simulator)).toEqual([
    'change_tracking_off contact',
    'versions_not_compared contact',
    'key_not_active hlf_mentorid',
  ])
})

test('a table that is not there, and metadata that cannot be read, are failures', async () => {
  await using simulator = await openSimulator()
  expect(await findingsOf(simulator, { ...proposedMapping, logicalName: 'person' })).toMatchObject({ kind: 'missing' })
  simulator.control.addFault({ act: { kind: 'alter', members: { value: 'none' } }, route: 'metadata', times: 1 })
  expect(await findingsOf(simulator)).toMatchObject({ kind: 'rejected', code: 'not_understood' })
  simulator.control.addFault({ act: { kind: 'page' }, route: 'metadata', after: 2, times: 1 })
  expect(await findingsOf(simulator)).toMatchObject({ kind: 'failed', code: 'http_503' })
})
