import type { ErrorCode } from '../errors.ts'

/** What is looked at before a backup is deleted. */
export interface DeleteFacts {
  backup: { id: string; number: number | null; status: string; database: string | null; pinned: boolean | null }
  /** Every completed backup; `source` is the same for those of one database of one server. */
  all: readonly { id: string; source: string; good: boolean }[]
  /** Ids of the backups that an undo of a restore or rewind goes back to. */
  neededForUndo: ReadonlySet<string>
  /** The last good one of its database may go. */
  force: boolean
}

/** Why a backup must not be deleted, the same through every door. Pure. */
export function deleteRefusals({
  backup,
  all,
  neededForUndo,
  force,
}: DeleteFacts): { code: ErrorCode; text: string }[] {
  const { id, number, status } = backup
  if (status === 'pending' || status === 'running')
    return [{ code: 'BACKUP_RUNNING', text: `Backup ${id} is ${status}.` }]
  if (status !== 'completed') return []
  const refusals: { code: ErrorCode; text: string }[] = []
  if (backup.pinned) refusals.push({ code: 'BACKUP_PINNED', text: `Backup ${number} is pinned.` })
  if (neededForUndo.has(id))
    refusals.push({ code: 'BACKUP_NEEDED_FOR_UNDO', text: `Backup ${number} is needed to undo a restore or a rewind.` })
  const source = all.find((one) => one.id === id)?.source
  const others = all.filter((one) => one.id !== id && one.source === source && one.good)
  if (others.length === 0 && !force)
    refusals.push({ code: 'BACKUP_LAST_GOOD', text: `Backup ${number} is the last good one of "${backup.database}".` })
  return refusals
}
