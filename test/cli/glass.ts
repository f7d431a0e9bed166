import { openStage, type Stage } from '../portal-sync/stage.ts'
import { type Service, startService } from '../support/services.ts'

/** A stage without services: three mentors `o/Lapsed`, `o/Shown` and `o/Right`, of whom the website shows the first and not the second. */
export async function glassStage(): Promise<Stage & { lapsed: string; shown: string; right: string }> {
  const stage = await openStage()
  const { database, simulator } = stage
  const add = async (key: string, expiryDate: string, isShown: boolean) => {
    const { id } = await stage.addPublished(key, { expiryDate })
    await database.query('update expiry.mentors set external_ref = $2, full_name = $3 where id = $1', [
      id,
      key,
      `Kari ${key}`,
    ])
    const values = {
      hlf_websitevisible: isShown,
      hlf_mentorstatus: 100_000_000,
      hlf_certificationexpireson: expiryDate,
    }
    simulator.control.editAsOffice({ key, values })
    return id
  }
  await database.query(`update expiry.organisations set slug = 'o'`)
  const [lapsed, shown, right] = [
    await add('Lapsed', '2020-01-01', true),
    await add('Shown', '2099-03-01', false),
    await add('Right', '2099-03-01', true),
  ]
  return Object.assign(stage, { lapsed, shown, right })
}

/** The application's environment with another secret than the services have; `revoke` takes theirs away. */
export function newSecret({ simulator, env }: Stage): { secret: string; revoke: () => void } {
  const { clientId } = simulator.control.credentials()
  const old = env.PORTAL_CLIENT_SECRET ?? ''
  const { value } = simulator.control.addSecret({ clientId, value: 'brand~new.secret_of-the-day' })
  return {
    secret: value,
    revoke: () => {
      simulator.control.removeSecrets({ clientId })
      simulator.control.addSecret({ clientId, value })
      if (old === value) throw new Error('the secret is the old one')
    },
  }
}

/** `mentor-expiry break-glass-sync`, with a reason unless one is given. */
export function startGlass(
  { env }: Stage,
  args: string[],
  { more = {}, input }: { more?: Record<string, string>; input?: string } = {},
): Promise<Service> {
  const reason = args.includes('--reason') ? [] : ['--reason', 'drill']
  return startService(
    ['break-glass-sync', ...reason, ...args],
    { ...env, SUDO_USER: 'ola', ...more },
    { ...(input !== undefined && { input }) },
  )
}

/** The same to its end. */
export async function breakGlass(
  stage: Stage,
  args: string[],
  options: { more?: Record<string, string>; input?: string } = {},
): Promise<{ code: number | null; output: string }> {
  await using service = await startGlass(stage, args, options)
  const { code } = await service.exited
  return { code, output: service.output }
}

/** What the portal was asked to write, by the addresses, since a number of the journal. */
export function writes({ simulator }: Stage, after = 0): string[] {
  return simulator.control
    .journal({ after })
    .filter(({ method, route }) => method !== 'GET' && route !== 'token')
    .map(({ address }) => /'([^']+)'/.exec(decodeURIComponent(address))?.[1] ?? address)
}

export type Record_ = Record<string, unknown>

/** The records of all uses. */
export async function records({ database }: Stage): Promise<Record_[]> {
  const { rows } = await database.query<Record_>(
    `select actor, reason, is_applied as applied, outcome, code, compared, different, pushed, failed
       from expiry.portal_break_glass where finished_at is not null order by id`,
  )
  return rows
}

export async function statuses({ database }: Stage): Promise<Record<string, string>> {
  const { rows } = await database.query<{ ref: string; status: string }>(
    'select m.external_ref as ref, p.status from expiry.portal_sync as p join expiry.mentors as m on m.id = p.mentor_id',
  )
  return Object.fromEntries(rows.map(({ ref, status }) => [ref, status]))
}
