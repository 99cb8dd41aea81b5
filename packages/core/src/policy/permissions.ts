/**
 * Everything that can be allowed or not. Routes name one each; CLI and library calls run with all of them.
 *
 * `backups:download`, `restores:run` and `rows:query` reach every row of the database, so only administrators have them.
 */
export const permissions = [
  'backups:read',
  'backups:create',
  'backups:verify',
  'backups:pin',
  'backups:download',
  'backups:delete',
  'restores:read',
  'restores:run',
  'rows:query',
  'tasks:read',
  'tasks:manage',
  'schedule:read',
  'config:read',
  'config:write',
  'maintenance:run',
  'status:read',
  'metrics:read',
  'reminders:read',
  'audit:read',
  'approvals:read',
  'approvals:vote',
  'approvals:break-glass',
] as const
/** One thing that an actor may do, such as `restores:run`. */
export type Permission = (typeof permissions)[number]

export const roles = ['viewer', 'operator', 'admin'] as const
/** A named set of permissions. Each role has those of the one before it. */
export type Role = (typeof roles)[number]

const viewer: readonly Permission[] = [
  'backups:read',
  'restores:read',
  'tasks:read',
  'schedule:read',
  'config:read',
  'status:read',
  'metrics:read',
  'reminders:read',
]
const operator: readonly Permission[] = [
  ...viewer,
  'backups:create',
  'backups:verify',
  'backups:pin',
  'tasks:manage',
  'maintenance:run',
  // A request shows conditions and queries, which hold values of rows.
  'approvals:read',
]

/** What each role may do; each includes the one before. */
export const rolePermissions: Readonly<Record<Role, readonly Permission[]>> = { viewer, operator, admin: permissions }

/** Who asks: the host's `authorize` says so. */
export interface Actor {
  /** Stable, e.g. the host's user id; goes into the audit log and into `created_by`. */
  id: string
  name?: string
  role?: Role
  /** Besides or instead of a role. */
  permissions?: readonly Permission[]
}

/** Whether the actor may. An actor with neither role nor permissions may nothing. */
export function isAllowed(actor: Actor, permission: Permission): boolean {
  // Own property only: a role that comes from a database or a token could be "constructor".
  const ofRole =
    actor.role !== undefined && Object.hasOwn(rolePermissions, actor.role) ? rolePermissions[actor.role] : []
  return ofRole.includes(permission) || (actor.permissions?.includes(permission) ?? false)
}
