import type { Client } from 'pg'
import { dependentsIn } from './dependents.ts'
import { readRetired } from './fingerprints.ts'
import type { DatabaseObject } from './objects.ts'
import { inShortTurns, isPassing } from './short-turns.ts'

type Retired = Awaited<ReturnType<typeof readRetired>>[number]
type Kept = Retired & { why: string }

/** Ten seconds: unlike all else, it may as well go with the next deploy. */
const attempts = 4

const order: readonly Retired['kind'][] = ['trigger', 'view', 'routine']

/**
 * Drops what earlier versions made and this one has no more, each in a transaction of its own: triggers, then views, then
 * routines. What something else depends on, or nobody lets go of, stays, and `log` is told why.
 */
export async function dropRetired(
  client: Client,
  { objects, log = () => undefined }: { objects: DatabaseObject[]; log: ((line: string) => void) | undefined },
): Promise<void> {
  const retired = await inShortTurns(client, () => readRetired(client, objects))
  let left = retired.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
  let kept = await dropEach(client, left, log)
  // One of them may have been in the way of another.
  while (kept.length > 0 && kept.length < left.length) {
    left = kept
    kept = await dropEach(client, left, log)
  }
  for (const { kind, target, why } of kept) log(`kept ${kind} ${target}, which this version has no more: ${why}`)
}

async function dropEach(client: Client, objects: Retired[], log: (line: string) => void): Promise<Kept[]> {
  const kept: Kept[] = []
  for (const object of objects) {
    const why = await drop(client, object)
    if (why === undefined) log(`dropped ${object.kind} ${object.target}, which this version has no more`)
    else kept.push({ ...object, why })
  }
  return kept
}

/** Why it could not be dropped. */
async function drop(client: Client, { name, kind, target }: Retired): Promise<string | undefined> {
  try {
    const work = async () => {
      await client.query(`drop ${kind} ${target}`)
      await client.query('delete from expiry.applied_objects where name = $1', [name])
    }
    await inShortTurns(client, work, attempts)
    return undefined
  } catch (error) {
    if (isPassing(error)) return 'somebody holds it; the next migrate tries again'
    const dependents = dependentsIn(error)
    if (dependents === undefined) throw error
    return dependents
  }
}
