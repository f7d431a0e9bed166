import { expect, test } from 'vitest'
import { portal } from '../../services/listener/routes/portal.ts'
import { settleLeft } from '../../services/listener/settle.ts'
import { portions } from '../db/portal.ts'
import { freshDatabase } from '../support/database.ts'

test('a host that leaves more and more does not keep a listener from its claims', async () => {
  await using database = await freshDatabase()
  const leave = `insert into expiry.portal_rechecks (mentor_ids, changed_at) values (array[gen_random_uuid()], now())`
  await database.query(`
    create function public.leave() returns trigger language plpgsql as $$ begin ${leave}; return null; end $$;
    create trigger leave after delete on expiry.portal_rechecks for each row execute function public.leave()`)
  await database.query(`${leave}; ${leave}; ${leave}`)
  expect(await settleLeft({ route: portal, pool: database.pool }, AbortSignal.timeout(10_000))).toBe(3)
  expect(await portions(database)).toEqual([1, 1, 1])
})
