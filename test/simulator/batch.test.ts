import { expect, test } from 'vitest'
import { expectRefusal, mentor, openSimulator, type Simulated } from './calls.ts'

type Operation = { method: string; path: string; body?: object; headers?: string; id?: number | 'none' }

const lines = (...parts: string[]) => parts.join('\r\n')

function part({ method, path, body, headers = '', id }: Operation): string {
  const contentId = id === undefined || id === 'none' ? [] : [`Content-ID: ${id}`]
  const content = body === undefined ? '' : JSON.stringify(body)
  const own = [...(body === undefined ? [] : ['Content-Type: application/json']), ...(headers === '' ? [] : [headers])]
  const head = ['Content-Type: application/http', 'Content-Transfer-Encoding: binary', ...contentId]
  return lines(...head, '', `${method} ${path} HTTP/1.1`, ...own, '', content)
}

const changeSet = (...operations: Operation[]) =>
  lines(
    'Content-Type: multipart/mixed; boundary="changeset_y"',
    '',
    ...operations.map((operation, index) => `--changeset_y\r\n${part({ id: index + 1, ...operation })}`),
    '--changeset_y--',
  )

async function send(simulator: Simulated, parts: string[], headers: Record<string, string> = {}) {
  const body = lines(...parts.map((each) => `--batch_x\r\n${each}`), '--batch_x--', '')
  const type = { 'content-type': 'multipart/mixed; boundary="batch_x"' }
  const answer = await simulator.call('POST', '$batch', { body, headers: { ...type, ...headers } })
  return { ...answer, statuses: [...answer.text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status)) }
}

const hide = (number: number): Operation => ({
  method: 'PATCH',
  path: `/api/data/v9.2/contacts(hlf_mentorid='M-${number}')`,
  body: { hlf_websitevisible: false },
  headers: 'If-Match: *',
})

async function openWithThree() {
  const simulator = await openSimulator()
  simulator.control.seedContacts([mentor(1), mentor(2), mentor(3)])
  const hidden = () =>
    simulator.control
      .contacts()
      .filter(({ values }) => values.hlf_websitevisible === false)
      .map(({ values }) => values.hlf_mentorid)
  return { simulator, hidden }
}

test('operations are carried out in order, reads among them', async () => {
  const { simulator, hidden } = await openWithThree()
  await using _ = simulator
  const read = { method: 'GET', path: "contacts(hlf_mentorid='M-1')?$select=hlf_websitevisible" }
  const { status, statuses, text, headers } = await send(simulator, [part(hide(1)), part(read), part(hide(2))])
  expect([status, statuses]).toEqual([200, [204, 200, 204]])
  expect(headers.get('content-type')).toMatch(/^multipart\/mixed; boundary=batchresponse_/)
  expect(text).toContain('"hlf_websitevisible":false')
  expect(hidden()).toEqual(['M-1', 'M-2'])
})

test('the first that fails ends the batch and gives it its status', async () => {
  const { simulator, hidden } = await openWithThree()
  await using _ = simulator
  const { status, statuses } = await send(simulator, [part(hide(1)), part(hide(9)), part(hide(2))])
  expect([status, statuses]).toEqual([404, [204, 404]])
  expect(hidden()).toEqual(['M-1'])
})

test('where the client prefers to go on, parts fail inside a 200', async () => {
  const { simulator, hidden } = await openWithThree()
  await using _ = simulator
  simulator.control.addFault({
    act: { kind: 'dataverse', error: 'plugin_abort' },
    route: 'row',
    contains: 'M-2',
    times: 1,
  })
  const prefer = { prefer: 'odata.continue-on-error' }
  const { status, statuses, text } = await send(simulator, [part(hide(1)), part(hide(2)), part(hide(3))], prefer)
  expect([status, statuses]).toEqual([200, [204, 400, 204]])
  expect(text).toContain('0x80040265')
  expect(hidden()).toEqual(['M-1', 'M-3'])
})

test('a change set is carried out as a whole or not at all', async () => {
  const { simulator, hidden } = await openWithThree()
  await using _ = simulator
  const before = simulator.control.audit().length
  const failed = await send(simulator, [changeSet(hide(1), { ...hide(2), method: 'DELETE' }, hide(9))])
  expect([failed.status, failed.statuses]).toEqual([404, [404]])
  expect([hidden(), simulator.control.audit().length, simulator.control.contacts().length]).toEqual([[], before, 3])
  const create = { method: 'POST', path: 'contacts', body: mentor(4) }
  const done = await send(simulator, [changeSet(hide(1), create)])
  expect([done.status, done.statuses]).toEqual([200, [204, 204]])
  expect(done.text).toContain('Content-ID: 2')
  expect([hidden(), simulator.control.contacts().length]).toEqual([['M-1'], 4])
})

test.each([
  ['a change set with a read', () => changeSet({ method: 'GET', path: 'WhoAmI' })],
  ['a change set without Content-ID', () => changeSet({ ...hide(1), id: 'none' })],
  ['a batch within', () => part({ method: 'POST', path: '/api/data/v9.2/$batch' })],
  ['a part that is no request', () => lines('Content-Type: text/plain', '', 'nonsense')],
  ['a part without a request line', () => lines('Content-Type: application/http', '', 'nonsense')],
])('refuses %s and carries nothing out', async (_what, broken) => {
  const { simulator, hidden } = await openWithThree()
  await using _ = simulator
  expectRefusal(await send(simulator, [part(hide(1)), broken()]), 400, '0x80060888')
  expect(hidden()).toEqual([])
})

test('refuses other line ends, other types, and more than a thousand operations', async () => {
  const { simulator, hidden } = await openWithThree()
  await using _ = simulator
  const headers = { 'content-type': 'multipart/mixed; boundary=batch_x' }
  const body = `--batch_x\n${part(hide(1)).replaceAll('\r\n', '\n')}\n--batch_x--\n`
  expectRefusal(await simulator.call('POST', '$batch', { headers, body }), 400, '0x80060888')
  expect((await simulator.call('POST', '$batch', { body: {} })).status).toBe(415)
  expectRefusal(await send(simulator, Array(1_001).fill(part(hide(1)))), 400, '0x80040203')
  expect(hidden()).toEqual([])
})
