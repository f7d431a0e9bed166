import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { startService } from '../support/services.ts'
import { waitFor } from '../support/wait.ts'

test('without a portal it says that it is off, stays, and ends when told to', async () => {
  await using database = await freshDatabase()
  await using service = await startService(['portal-sync'], { DATABASE_URL: database.url })
  await service.waitForEvent('off')
  // Node ends a process within milliseconds where nothing keeps it alive.
  await expect(waitFor('it to end by itself', () => !service.isRunning(), { deadlineMs: 2_000 })).rejects.toThrow(
    'in vain',
  )
  expect(await service.stop()).toEqual({ code: 0, signal: null })
})
