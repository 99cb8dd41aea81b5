import type { Json, RestoreProblem, RestoreRecord } from '../../catalog/catalog.ts'
import type { KeptDatabaseSummary } from '../restore-summary.ts'

export const restoreStatuses = [
  'pending',
  'running',
  'succeeded',
  'succeeded_with_problems',
  'failed',
  'cancelled',
  'interrupted',
  'undone',
] as const
export type RestoreStatus = (typeof restoreStatuses)[number]

/** A restore as lists and pages show it. What is live and what is kept was asked of the server. */
export interface RestoreRow {
  id: string
  backup_id: string
  /** Name of the database that was restored. */
  database: string
  strategy: string
  status: RestoreStatus
  /** One sentence: what is live now, and what can still be done. */
  message: string
  /** Whether the restored data became live. */
  swapped: boolean
  verdict: string | null
  safety_backup_id: string | null
  /** What an undo would put in its place; null: there is no undo. */
  kept_database: string | null
  undo_until: string | null
  /** False where the server could not be asked: then this is what was seen last. */
  checked: boolean
  problems: RestoreProblem[]
  /** What ran on the restored data: `migrations`, `data_migrations`, `validators`. */
  ran: Json
  started_at: string
  finished_at: string | null
  rows: number | null
  error: ({ code: string; detail: string } & Record<string, unknown>) | null
  task_id: string | null
  created_by: string
}

/** What the server says about the database a restore has kept: none, or that it cannot be asked. */
export type KeptNow = KeptDatabaseSummary | null | 'unknown'

/** What the server shows, put into the record that is kept: nothing is toggled. Pure. */
export function observed(record: RestoreRecord, kept: KeptNow): RestoreRecord {
  if (kept === 'unknown' || !hasStarted(record)) return record
  // Discarded or expired: what was live then is live now.
  if (kept === null) return { ...record, kept_database: null, undo_until: null }
  return {
    ...record,
    swapped: true,
    undone: kept.undone,
    kept_database: kept.kept_database,
    undo_until: kept.undo_until,
    safety_backup_id: record.safety_backup_id ?? kept.safety_backup_id,
  }
}

const hasStarted = ({ status }: RestoreRecord): boolean => status !== 'pending' && status !== 'running'

/** A record with what the server says now. Pure. */
export function restoreRow(record: RestoreRecord, kept: KeptNow): RestoreRow {
  const { job_id: task_id, plan, status: _, undone, ...rest } = observed(record, kept)
  const database = typeof plan?.database === 'string' ? plan.database : record.database
  const status: RestoreStatus = undone && rest.swapped ? 'undone' : (record.status as RestoreStatus)
  return {
    ...rest,
    error: rest.error as RestoreRow['error'],
    database,
    status,
    message: restoreMessage({ ...rest, status, database }),
    checked: kept !== 'unknown',
    task_id,
  }
}

/** One sentence for each (status, swapped, strategy): the same in the command, over HTTP and in the pages. Pure. */
export function restoreMessage(
  restore: Pick<RestoreRow, 'status' | 'swapped' | 'strategy' | 'database' | 'kept_database' | 'problems'>,
): string {
  const { status, swapped, strategy, database, kept_database: kept } = restore
  const live = liveNow[strategy as 'media' | 'new-database']?.(database) ?? `The restored data is live in "${database}"`
  const before = kept ? ` What it replaced is kept as "${kept}".` : ''
  switch (status) {
    case 'pending':
      return 'The restore waits for its turn. Nothing was touched yet.'
    case 'running':
      if (strategy === 'media') return `The restore unpacks media folders. "${database}" stays as it is.`
      return strategy === 'in-place'
        ? `The restore replaces the contents of "${database}" in one transaction.`
        : `The restore builds a database of its own. "${database}" is not touched until the end.`
    case 'succeeded':
      return `${live}.${before}`
    case 'succeeded_with_problems':
      if (strategy === 'media')
        return `Not every media folder is that of the backup: ${restore.problems.map(({ text }) => text).join(' ')}`
      return `${live}, but not everything is in place: ${restore.problems.map(({ text }) => text).join(' ')}${before}`
    case 'undone':
      if (strategy === 'media') return 'The media folders are again what they were before the restore.'
      return `"${database}" is again what it was before the restore.${kept ? ` The restored data is kept as "${kept}".` : ''}`
    default:
      if (swapped) return `${live}, although the restore did not come to its end.${before}`
      return `The restore has ${ended[status]}. ${untouched(status, strategy, database)}`
  }
}

/** Of a process that died only a swap leaves its mark on the server: the database that was kept. */
function untouched(status: 'failed' | 'cancelled' | 'interrupted', strategy: string, database: string): string {
  if (status === 'interrupted' && strategy === 'in-place')
    return `It is not known whether its transaction was committed: look at "${database}".`
  if (strategy === 'media')
    return status === 'interrupted'
      ? 'Media folders that were on their way into place are put there with the next restore, or when leftovers are removed.'
      : 'The media folders are as they were.'
  if (status === 'interrupted' && strategy === 'new-database')
    return `If "${database}" is there, it holds the restored data.`
  return strategy === 'new-database' ? 'No database was made.' : `"${database}" is as it was.`
}

const liveNow = {
  media: () => 'The media folders are those of the backup',
  'new-database': (database: string) => `"${database}" holds the restored data`,
}

const ended = { failed: 'failed', cancelled: 'been cancelled', interrupted: 'been interrupted' } as const
