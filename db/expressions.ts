import { type Client, DatabaseError, escapeIdentifier } from 'pg'
import { z } from 'zod'

/** Expressions over the columns of a table: those in the database, and those that should be there. */
export type Pair = { table: string; found: string[]; wanted: string[] }

const Explained = z.array(
  z.object({ 'QUERY PLAN': z.tuple([z.object({ Plan: z.object({ Output: z.array(z.string()) }) })]) }),
)

/**
 * Of these pairs, in a transaction of the caller's, those whose sides do not mean the same. How PostgreSQL prints an expression
 * depends on its version and on what a dump has made of it: so its planner reads both sides, and what it makes of them is
 * compared. No right to the table is needed, and of functions only those are run that are immutable.
 */
export async function findDifferent<P extends Pair>(client: Pick<Client, 'query'>, pairs: readonly P[]): Promise<P[]> {
  const unlike = pairs.filter(({ found, wanted }) => JSON.stringify(found) !== JSON.stringify(wanted))
  const columns = await readColumns(client)
  const different: P[] = []
  for (const [table, nulls] of columns) {
    const ofTable = unlike.filter((pair) => pair.table === table)
    if (ofTable.length > 0) different.push(...(await explain(client, { table, columns: nulls }, ofTable)))
  }
  return different
}

/** For each table a row without values, so that nothing is known of its columns but their types. */
async function readColumns(client: Pick<Client, 'query'>): Promise<Map<string, string>> {
  const { rows } = await client.query<{ table: string; columns: string }>(
    `select c.relname::text as "table",
            pg_catalog.string_agg(pg_catalog.format('null::%s as %I', pg_catalog.format_type(a.atttypid, a.atttypmod), a.attname), ', ' order by a.attnum) as columns
       from pg_catalog.pg_attribute as a
       join pg_catalog.pg_class as c on c.oid = a.attrelid
      where c.relnamespace = 'expiry'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
      group by 1`,
  )
  return new Map(rows.map(({ table, columns }) => [table, columns]))
}

async function explain<P extends Pair>(
  client: Pick<Client, 'query'>,
  from: { table: string; columns: string },
  pairs: readonly P[],
): Promise<P[]> {
  const asRow = (expressions: string[]) => `row(${expressions.map((expression) => `(${expression})`).join(', ')})`
  const rows = pairs.flatMap(({ found, wanted }) => [asRow(found), asRow(wanted)])
  await client.query('savepoint explained')
  try {
    // Without `offset` the planner would put the nulls into the expressions.
    const { rows: plan } = await client.query(
      `explain (verbose, costs off, format json) select ${rows.join(', ')} from (select ${from.columns} offset 0) as ${escapeIdentifier(from.table)}`,
    )
    const output = Explained.parse(plan)[0]?.['QUERY PLAN'][0].Plan.Output ?? []
    return pairs.filter((_, index) => output[2 * index] === undefined || output[2 * index] !== output[2 * index + 1])
  } catch (error) {
    if (!isRefusal(error)) throw error
    await client.query('rollback to savepoint explained')
    if (pairs.length <= 1) return [...pairs]
    const each: P[] = []
    for (const pair of pairs) each.push(...(await explain(client, from, [pair])))
    return each
  }
}

/** What the server makes of an expression that is not ours, such as one whose function this login may not call; not that it is stopping. */
function isRefusal(error: unknown): boolean {
  return error instanceof DatabaseError && !/^(08|53|57|58)/.test(error.code ?? '08')
}
