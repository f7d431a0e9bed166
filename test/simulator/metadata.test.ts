import { expect, test } from 'vitest'
import { expectRefusal, openSimulator, type Simulated, seedMentor } from './calls.ts'

const contact = "EntityDefinitions(LogicalName='contact')"

async function read(simulator: Simulated, path: string) {
  const { status, json, text } = await simulator.call('GET', path)
  expect(status, text).toBe(200)
  return json
}

test('the table tells whether changes are tracked and versions compared', async () => {
  await using simulator = await openSimulator()
  const query = '$select=EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled,IsOptimisticConcurrencyEnabled'
  expect(await read(simulator, `${contact}?${query}`)).toEqual({
    '@odata.context': expect.stringContaining('$metadata#EntityDefinitions'),
    EntitySetName: 'contacts',
    PrimaryIdAttribute: 'contactid',
    ChangeTrackingEnabled: true,
    IsOptimisticConcurrencyEnabled: true,
  })
  simulator.control.setChangeTracking(false)
  expect((await read(simulator, contact)).ChangeTrackingEnabled).toBe(false)
})

test('its columns tell their types and whether they can be written', async () => {
  await using simulator = await openSimulator()
  const { value } = await read(simulator, `${contact}/Attributes?$select=LogicalName,AttributeType,IsValidForUpdate`)
  const types = Object.fromEntries(
    value.map((column: Record<string, unknown>) => [
      column.LogicalName,
      [column.AttributeType, column.IsValidForUpdate],
    ]),
  )
  expect(types).toMatchObject({
    contactid: ['Uniqueidentifier', false],
    hlf_mentorid: ['String', true],
    hlf_mentorstatus: ['Picklist', true],
    hlf_certificationexpireson: ['DateTime', true],
    hlf_websitevisible: ['Boolean', true],
    hlf_statuschangedon: ['DateTime', true],
    hlf_sourceversion: ['Integer', true],
    statecode: ['State', true],
    createdon: ['DateTime', false],
  })
})

test('a column that is cast to its own type tells its choices, its length or what part of time it holds', async () => {
  await using simulator = await openSimulator()
  const typed = (column: string, type: string, query = '') =>
    read(
      simulator,
      `${contact}/Attributes(LogicalName='${column}')/Microsoft.Dynamics.CRM.${type}AttributeMetadata${query}`,
    )
  const choice = await typed('hlf_mentorstatus', 'Picklist', '?$select=LogicalName&$expand=OptionSet($select=Options)')
  const shown = choice.OptionSet.Options.map(
    (option: { Value: number; Label: { UserLocalizedLabel: { Label: string } } }) => [
      option.Value,
      option.Label.UserLocalizedLabel.Label,
    ],
  )
  expect(shown).toEqual([
    [100_000_000, 'Active'],
    [100_000_001, 'Paused'],
    [100_000_002, 'Certification expired'],
  ])
  expect((await typed('hlf_mentorid', 'String')).MaxLength).toBe(100)
  expect((await typed('hlf_certificationexpireson', 'DateTime')).Format).toBe('DateOnly')
  expect((await typed('hlf_sourceversion', 'Integer')).MaxValue).toBe(2_147_483_647)
  const all = await read(
    simulator,
    `${contact}/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet`,
  )
  expect(all.value.map((column: { LogicalName: string }) => column.LogicalName)).toEqual(['hlf_mentorstatus'])
})

test('its keys tell whether their index can be used', async () => {
  await using simulator = await openSimulator()
  simulator.control.setKeyStatus({ name: 'hlf_mentoridkey', status: 'Pending' })
  const { value } = await read(simulator, `${contact}/Keys?$select=LogicalName,KeyAttributes,EntityKeyIndexStatus`)
  expect(value).toEqual([
    { LogicalName: 'hlf_mentoridkey', KeyAttributes: ['hlf_mentorid'], EntityKeyIndexStatus: 'Pending' },
  ])
})

test('a column that gets another name is unknown by the old one, in data and metadata', async () => {
  await using simulator = await openSimulator()
  const { byId, byKey } = seedMentor(simulator)
  simulator.control.renameColumn({ from: 'hlf_websitevisible', to: 'hlf_public' })
  const headers = { 'if-match': '*' }
  expectRefusal(
    await simulator.call('PATCH', byKey, { headers, body: { hlf_websitevisible: false } }),
    400,
    '0x80048d19',
  )
  expect((await simulator.call('PATCH', byKey, { headers, body: { hlf_public: true } })).status).toBe(204)
  expectRefusal(
    await simulator.call('GET', `${contact}/Attributes(LogicalName='hlf_websitevisible')`),
    404,
    '0x80040217',
  )
  expect(simulator.control.listedMentors()).toHaveLength(1)
  simulator.control.renameColumn({ from: 'hlf_mentorid', to: 'hlf_number' })
  expect((await simulator.call('GET', "contacts(hlf_number='M-1')")).status).toBe(200)
  expect((await simulator.call('GET', byId)).json.hlf_number).toBe('M-1')
})

test('a table or column that is not there is 404, a property 400, and the rest is not imitated', async () => {
  await using simulator = await openSimulator()
  const call = (path: string) => simulator.call('GET', path)
  expectRefusal(await call("EntityDefinitions(LogicalName='hlf_mentor')"), 404, '0x80040217')
  expectRefusal(await call(`${contact}/Attributes(LogicalName='nonsense')`), 404, '0x80040217')
  expectRefusal(await call(`${contact}?$select=Nonsense`), 400, '0x80060888')
  for (const path of ['EntityDefinitions', `${contact}?$expand=Attributes`, `${contact}/Keys(LogicalName='x')`]) {
    expect((await call(path)).status, path).toBe(501)
  }
})
