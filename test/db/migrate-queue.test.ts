import { expect, inject, test } from 'vitest'
import { migrateQueue } from '../../cli/migrate/queue.ts'
import { openPipeline } from '../pipeline/pipeline.ts'
import { freshDatabase } from '../support/database.ts'
import { addMentor, addOrganisation } from '../support/people.ts'
import { startPostgres } from '../support/postgres.ts'
import { startService } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'

test('a queue in another cluster, which lacks our roles, gets its tables, and migrate says who may use them', {
  timeout: 60_000,
}, async () => {
  await using database = await freshDatabase()
  await using other = await startPostgres({ version: inject('defaultPostgres') })
  for (let round = 0; round < 2; round += 1) {
    await using migrate = await startService(['migrate'], { DATABASE_URL: database.url, QUEUE_URL: other.url })
    expect({ ...(await migrate.exited), output: migrate.output }).toMatchObject({ code: 0 })
    expect(migrate.output).toContain('That server has no role expiry_service')
    expect(migrate.output).toContain('the night is run by')
  }
})

test('a queue elsewhere is left alone', async () => {
  expect(await migrateQueue({ url: 'redis://127.0.0.1:1' })).toBe('elsewhere')
})

test('logins that have the role of the services and nothing else bring a reminder through the queue in PostgreSQL', async () => {
  await using pipeline = await openPipeline('postgres')
  const { database, smtp } = pipeline
  const logins = ['one', 'two'].map((name) => `${name}_${database.name}`)
  for (const login of logins) await database.query(`create role ${login} login; grant expiry_service to ${login}`)
  try {
    const [listening, notifying] = logins.map((login) => ({
      DATABASE_URL: Object.assign(new URL(database.url), { username: login }).href,
      QUEUE_URL: Object.assign(new URL(database.url), { username: login }).href,
    }))
    const services = [pipeline.startListener(listening), pipeline.startNotifier(notifying)]
    const organisation = await addOrganisation(database)
    await addMentor(database, { organisation, daysLeft: 7 })
    await waitFor('the message', () => smtp.received.length === 1)
    await Promise.all(services.map((service) => service.stop()))
  } finally {
    await database.query(`drop owned by ${logins}; drop role ${logins}`)
  }
})
