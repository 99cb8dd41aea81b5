import type { Permission } from '../policy/permissions.ts'
import type { AnyAction, Danger } from './action.ts'

/** What an action with a permission does that a second person may have to approve, where it does not say otherwise. */
const byPermission: Partial<Record<Permission, Danger>> = {
  'backups:delete': 'deletes',
  'backups:download': 'takes_data_out',
  'config:write': 'weakens_protection',
  'restores:run': 'changes_data',
  'rows:query': 'takes_data_out',
}

/** Actions that do the same to something else, or through another door: a policy that names one of them holds for all. */
const same: readonly (readonly string[])[] = [
  ['restores.undo', 'restores.undoMedia'],
  ['restores.discard', 'restores.discardMedia'],
  ['backups.download', 'backups.export', 'backups.exportToFolder'],
]

/** The action and those that do the same: what is said of one of them by name is meant of all. */
export const sameActions = (name: string): readonly string[] => same.find((names) => names.includes(name)) ?? [name]

/** Why an action is dangerous; null where it is not. Without an input: whether it can be. */
export function dangerOf(action: AnyAction, input?: unknown): Danger | null {
  const { danger } = action
  if (typeof danger === 'function') return input === undefined ? 'weakens_protection' : danger(input as never)
  if (danger !== undefined) return danger
  return canNeedApproval(action) ? (byPermission[action.permission] ?? null) : null
}

/** What only looks is not recorded and needs no approval; nor do requests for approval themselves. */
export const canNeedApproval = ({ name, kind, recorded }: AnyAction): boolean =>
  (kind !== 'read' || recorded === true) && !name.startsWith('approvals.')

/**
 * Whether it is on record, in the catalog or not, and in the repository, before it acts: what changes or deletes data, takes it
 * out, or concerns keys. What changes the configuration lies in the catalog with its record.
 */
export function mustBeOnRecord(action: AnyAction, input: unknown): boolean {
  const { name } = action
  if (name.startsWith('keys.') || name === 'maintenance.prune')
    return action.kind !== 'read' || action.recorded === true
  const danger = dangerOf(action, input)
  return danger !== null && danger !== 'weakens_protection'
}

/** What is deleted, or has left, does not come back. */
export function isIrreversible(action: AnyAction, input: unknown): boolean {
  const { irreversible } = action
  if (typeof irreversible === 'function') return irreversible(input as never)
  if (irreversible !== undefined) return irreversible
  const danger = dangerOf(action, input)
  return danger === 'deletes' || danger === 'takes_data_out'
}
