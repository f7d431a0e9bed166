import { expect, test } from 'vitest'
import { openStage, type Stage } from '../portal-sync/stage.ts'
import { type Mentor, setStatus } from '../support/people.ts'
import { type Ending, runToEnd } from './ending.ts'

const time = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d'

async function named(stage: Stage, key: string): Promise<Mentor> {
  const mentor = await stage.addPublished(key)
  await stage.database.query(`update expiry.organisations set slug = 'fjord'`)
  await stage.database.query('update expiry.mentors set external_ref = $2 where id = $1', [mentor.id, key])
  return mentor
}

const forceSync = (stage: Stage, ...args: string[]): Promise<Ending> =>
  runToEnd(stage.database, ['force-sync', ...args], { USER: 'ola' })

test('each step is told, from the decision to the hour by which the website follows', async () => {
  await using stage = await openStage()
  const kari = await named(stage, 'M-1')
  stage.startListener()
  stage.startPortalSync()
  await stage.synced()
  stage.simulator.control.editAsOffice({ key: 'M-1', values: { hlf_websitevisible: false } })
  const shown = await forceSync(stage, 'fjord/M-1')
  console.log(shown.output)
  const again = await forceSync(stage, 'fjord/M-1', '--json')
  console.log(again.output)
  await setStatus(stage.database, kari, 'paused')
  const hidden = await forceSync(stage, 'fjord/M-1')
  console.log(hidden.output)
  expect(shown.code).toBe(0)
}, 60_000)
