import type { StorageOutlook } from '../../policy/storage-outlook.ts'
import type { OfDatabase } from '../engine-type.ts'
import type { ScrubState } from '../scrub-state.ts'
import type { Background } from './core.ts'

export interface Statistics {
  backups: number
  /** Of the finished backup jobs of the last 30 days. */
  succeeded: number
  failed: number
  success_rate: number | null
  stored_bytes: number
  logical_bytes: number
  last_backup_at: string | null
  mean_duration_seconds: number | null
  running: number
  queued: number
  /** How much of what is stored was read again of late; null where that was never done. */
  scrub: ScrubState | null
  /** How long the space at the repository will do. */
  storage: StorageOutlook
}

const windowMs = 30 * 86_400_000

export async function readStatistics(background: Background, { database }: OfDatabase): Promise<Statistics> {
  const { backups, catalog, parts } = background
  const ofLabel = database === undefined ? {} : { database }
  const since = new Date(Date.now() - windowMs).toISOString()
  const [{ backups: stored }, ended, running, queued] = await Promise.all([
    backups.list({ database }),
    catalog.jobs.list({ kinds: ['backup'], finishedSince: since, ...ofLabel }, { limit: 10_000 }),
    catalog.jobs.count({ statuses: ['running'], ...ofLabel }),
    catalog.jobs.count({ statuses: ['queued'], ...ofLabel }),
  ])
  const succeeded = ended.filter(({ status }) => status === 'succeeded')
  const failed = ended.filter(({ status }) => status === 'failed' || status === 'interrupted')
  const seconds = succeeded.map(
    ({ started_at, finished_at }) => (Date.parse(finished_at ?? '') - Date.parse(started_at ?? '')) / 1000,
  )
  const judged = succeeded.length + failed.length
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
  const name = database === undefined ? undefined : parts.connection(database).database
  const own = stored.filter((backup) => name === undefined || backup.database === name)
  return {
    backups: own.length,
    succeeded: succeeded.length,
    failed: failed.length,
    success_rate: judged === 0 ? null : succeeded.length / judged,
    stored_bytes: sum(own.map(({ stored_bytes }) => stored_bytes)),
    logical_bytes: sum(own.map(({ logical_bytes }) => logical_bytes)),
    last_backup_at: own[0]?.created_at ?? null,
    mean_duration_seconds: seconds.length === 0 ? null : sum(seconds) / seconds.length,
    running,
    queued,
    scrub: await (await import('../scrub-state.ts')).readScrubState(await parts.repository()),
    storage: await (await import('../read-storage-outlook.ts')).readStorageOutlook(parts, background),
  }
}
