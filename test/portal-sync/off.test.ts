import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { startService } from '../support/services.ts'

test('without a portal it says that it is off, stays, and ends when told to', async () => {
  await using database = await freshDatabase()
  await using service = await startService(['portal-sync'], { DATABASE_URL: database.url })
  await service.waitForEvent('off')
  // Node would have ended it by now, where nothing keeps it alive.
  await expect(
    Promise.race([service.exited, new Promise((resolve) => setTimeout(resolve, 2_000, 'alive'))]),
  ).resolves.toBe('alive')
  expect(await service.stop()).toEqual({ code: 0, signal: null })
})
