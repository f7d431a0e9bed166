import type { Definition } from './definition.ts'
import { Refused } from './errors.ts'

export const privileges = ['Create', 'Read', 'Write', 'Delete'] as const
export type Privilege = (typeof privileges)[number]

/** The user that Dataverse keeps for an application; without a role it may do nothing. */
export type ApplicationUser = {
  application: string
  id: string
  disabled: boolean
  /** Undefined where no role is assigned. */
  role: Set<Privilege> | undefined
}

/** The environment's application users by client id, and who is kept out. */
export type Users = {
  readonly byApplication: Map<string, ApplicationUser>
  /** Applications that the environment's allow list leaves out. */
  readonly restricted: Set<string>
}

/** The user of an application that may ask anything at all; throws the refusal where it may not. */
export function admitUser(users: Users, application: string): ApplicationUser {
  if (users.restricted.has(application.toLowerCase())) throw new Refused('app_not_allowed', { application })
  const user = users.byApplication.get(application.toLowerCase())
  if (!user) throw new Refused('not_a_member')
  if (user.disabled) throw new Refused('user_disabled', { user: user.id })
  return user
}

/** Throws the refusal where the user's role lacks a privilege on the table. */
export function requirePrivilege(
  user: ApplicationUser,
  privilege: Privilege,
  { schemaName, logicalName }: Definition,
): void {
  const name = `prv${privilege}${schemaName}`
  if (!user.role) throw new Refused('no_role', { user: user.id, privilege: name })
  if (user.role.has(privilege)) return
  throw new Refused('no_privilege', {
    user: user.id,
    privilege: name,
    table: logicalName,
    count: user.role.size,
    privilegeId: privilegeId(privilege),
  })
}

function privilegeId(privilege: Privilege): string {
  return `bead1f00-0000-4000-8000-00000000000${privileges.indexOf(privilege)}`
}
