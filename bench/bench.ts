import type { Measured, Sizes } from './measure.ts'
import type { BenchServers } from './servers.ts'

/** What every measurement is given. */
export type Bench = { servers: BenchServers; sizes: Sizes; say: (line: string) => void }

/** One row of the table, or one with others beside it. */
export type Measurement = (bench: Bench) => Promise<Measured[]>
