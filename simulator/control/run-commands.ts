import { z } from 'zod'
import { Fault } from '../faults/fault.ts'
import { command } from './command.ts'

/** The clock, the faults, the journal, and what may be set while it runs. */
export const runCommands = {
  now: command(z.undefined(), ({ clock }) => new Date(clock.now()).toISOString()),
  advance: command(z.strictObject({ seconds: z.number().min(0) }), ({ clock }, { seconds }) => {
    clock.advance(seconds * 1_000)
    return new Date(clock.now()).toISOString()
  }),
  addFault: command(Fault, ({ script }, fault) => script.add(fault)),
  /** One, or all of them. */
  liftFaults: command(z.strictObject({ id: z.int().optional() }).optional(), ({ script }, given) =>
    script.lift(given?.id),
  ),
  faultHits: command(z.int(), ({ script }, id) => script.hits(id)),
  journal: command(z.strictObject({ after: z.int() }).optional(), ({ journal }, given) =>
    journal.entries(given?.after),
  ),
  audit: command(z.undefined(), ({ table }) => [...table.audit]),
  set: command(
    z.strictObject({
      latency: z.number().min(0).optional(),
      tokenLifetime: z.union([z.literal('random'), z.int().min(0)]).optional(),
      descriptionStyle: z.enum(['spaces', 'lines']).optional(),
    }),
    ({ settings }, given) => void Object.assign(settings, given),
  ),
}
