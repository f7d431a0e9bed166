import { describe, expect, inject, test } from 'vitest'
import { addPendingReminders, allSent, createServices, expectEachOnce } from '../drills/stage.ts'
import { openAuthority, openSecureDatabase } from '../drills/tls-stage.ts'
import { startSmtp } from '../fakes/smtp/server.ts'
import { hasRedis } from '../support/servers.ts'
import { startService } from '../support/services.ts'
import { startTlsRedis } from '../support/tls-servers.ts'
import type { Backend } from './pipeline.ts'

const version = inject('defaultPostgres')

describe.each<{ backend: Backend }>([{ backend: 'redis' }, { backend: 'postgres' }])(
  'over TLS, with its queue in $backend',
  ({ backend }) => {
    test.skipIf(backend === 'redis' && !hasRedis())(
      'a database is migrated, reminders go the whole way, a late night is run, and doctor says that each connection is verified',
      async () => {
        await using authority = await openAuthority()
        await using ofQueue = await openAuthority()
        await using database = await openSecureDatabase(authority, { version, shown: authority.issue(), isEmpty: true })
        await using smtp = await startSmtp()
        await using redis = backend === 'redis' ? await startTlsRedis({ shown: ofQueue.issue() }) : undefined
        const env = {
          DATABASE_URL: `${database.url}?sslmode=require`,
          DATABASE_DIRECT_URL: database.url,
          DATABASE_CA_FILE: authority.file,
          ...(redis && { QUEUE_URL: `rediss://localhost:${redis.port}`, QUEUE_CA_FILE: ofQueue.file }),
          MAIL_URL: smtp.url,
          MAIL_FROM: 'reminders@example.org',
        }
        await using migrate = await startService(['migrate'], env)
        expect(await migrate.exited, migrate.output).toEqual({ code: 0, signal: null })
        await using services = createServices(env)
        const both = [await services.start('listener'), await services.start('notifier')]
        const [listener] = both
        await listener?.waitForEvent('listening')
        await addPendingReminders(database, 20)
        await allSent(database, 20)
        expectEachOnce(smtp, 20)

        await using doctor = await startService(['doctor', '--json'], env)
        await doctor.exited
        expect(verifiedIn(doctor.output)).toEqual(['Database/TLS', 'Database/TLS (direct)', 'Queue/TLS'])
        await database.query(
          `insert into expiry.clock_override (at)
           select (expiry.today(id) + 1 + time '10:00') at time zone 'UTC' from expiry.organisations`,
        )
        const isDone = { where: (line: Record<string, unknown>) => line.status === 'done' }
        await listener?.waitForEvent('nightly_ended', isDone)
        const { rows } = await database.query(
          `select a.application_name as name from pg_stat_ssl as s join pg_stat_activity as a using (pid)
            where a.application_name like 'mentor-expiry %' and not s.ssl`,
        )
        expect(rows).toEqual([])
        for (const service of both) {
          expect(await service.stop(), service.lastWords()).toEqual({ code: 0, signal: null })
          expect(service.events('connection_error')).toEqual([])
        }
      },
      60_000,
    )
  },
)

function verifiedIn(output: string): string[] {
  const { areas }: { areas: { area: string; findings: { check: string; found: string }[] }[] } = JSON.parse(output)
  return areas.flatMap(({ area, findings }) =>
    findings
      .filter(({ found }) => /^TLSv1\.[23], certificate verified$/.test(found))
      .map(({ check }) => `${area}/${check}`),
  )
}
