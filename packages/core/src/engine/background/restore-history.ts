import { z } from 'zod'
import type { JobRecord, RestoreRecord } from '../../catalog/catalog.ts'
import { EngineError } from '../../errors.ts'
import { hasEnded } from '../../jobs/jobs.ts'
import type { KeptDatabaseSummary } from '../restore-summary.ts'
import type { Background } from './core.ts'
import { type KeptNow, observed, type RestoreRow, restoreRow } from './restore-row.ts'

type Ready = Pick<Background, 'catalog' | 'restores'>

/** A server that does not answer must not keep a list waiting. */
const patienceMs = 3000

/** The history of restores, newest first, with what the servers show of them now. */
export async function listRestores(
  ready: Ready,
  { database }: { database?: string | undefined } = {},
): Promise<RestoreRow[]> {
  const records = await ready.catalog.restores.list(database === undefined ? {} : { database })
  const kept = await keptOf(ready, records)
  return Promise.all(
    records.map(async (record) => {
      const now = kept(record)
      return restoreRow(await settle(ready, record, now), now)
    }),
  )
}

/** The one restore that an id, or its first characters, means. `RESTORE_NOT_FOUND`. */
export async function findRestore(ready: Ready, reference: string): Promise<RestoreRow> {
  const exact = await ready.catalog.restores.get(reference)
  const matches =
    exact || reference.length < 4
      ? []
      : (await ready.catalog.restores.list()).filter(({ id }) => id.startsWith(reference))
  const [only, second] = exact ? [exact] : matches
  if (!only || second) throw new EngineError('RESTORE_NOT_FOUND', `There is no restore "${reference}".`)
  const kept = (await keptOf(ready, [only]))(only)
  return restoreRow(await settle(ready, only, kept), kept)
}

/** Writes down what the server shows of one restore now. */
export async function observeRestore(ready: Ready, id: string): Promise<void> {
  const record = await ready.catalog.restores.get(id)
  if (record) await settle(ready, record, (await keptOf(ready, [record]))(record))
}

/** Asks each server once for what it has kept. */
async function keptOf(ready: Ready, records: readonly RestoreRecord[]): Promise<(record: RestoreRecord) => KeptNow> {
  const labels = new Set(records.filter(mayHaveKept).map(({ database }) => database))
  const byLabel = new Map<string, KeptDatabaseSummary[] | 'unknown'>()
  await Promise.all(
    [...labels].map(async (database) => {
      // One restored into another database by name: what it replaced has that one's name.
      const kept = await ready.restores
        .kept({ database, everyName: true, signal: AbortSignal.timeout(patienceMs) })
        .catch(() => 'unknown' as const)
      byLabel.set(database, kept)
    }),
  )
  return (record) => {
    if (!mayHaveKept(record)) return null
    const kept = byLabel.get(record.database) ?? 'unknown'
    return kept === 'unknown' ? kept : (kept.find(({ restore_id }) => restore_id === record.id) ?? null)
  }
}

const mayHaveKept = ({ strategy, status }: RestoreRecord): boolean => strategy === 'swap' && status !== 'pending'

/**
 * Writes down what was seen. A restore whose process died ends as its job did; where it died after the swap, the server
 * itself shows it, by the database that was kept, which is renamed in the transaction that makes the restored one live.
 */
async function settle({ catalog }: Ready, record: RestoreRecord, kept: KeptNow): Promise<RestoreRecord> {
  let now = record
  if (record.status === 'pending' || record.status === 'running') {
    const job = record.job_id === null ? null : await catalog.jobs.get(record.job_id)
    if (job && !hasEnded(job)) return record
    // The restore's own last record comes right after the job's end. Without a job no more can be known.
    if (kept === 'unknown') return record
    now = { ...record, ...endOfJob(job) }
    if (kept && !now.swapped) now = { ...now, ...afterSwap(record, kept) }
  }
  const seen = observed(now, kept)
  if (isSame(seen, record)) return record
  await catalog.restores.put(seen)
  return seen
}

/** The catalog may have failed right when the restore ended: then its job has the result all the same. */
function endOfJob(job: JobRecord | null): Partial<RestoreRecord> {
  const { status = 'interrupted', error = null, finished_at = null } = job ?? {}
  if (status !== 'succeeded') return { status, error, finished_at }
  const result = resultSchema.safeParse(job?.result).data
  return result
    ? { ...result, swapped: true, error: null, finished_at }
    : { status: 'interrupted', error: null, finished_at }
}

/** What a record takes out of the result that its job has kept. */
const resultSchema = z.object({
  status: z.enum(['succeeded', 'succeeded_with_problems']),
  safety_backup_id: z.string().nullable(),
  kept_database: z.string().nullable(),
  undo_until: z.string().nullable(),
  rows: z.number().nullable(),
  problems: z.array(z.object({ code: z.string(), text: z.string(), advice: z.string() })),
})

/** It did happen. Media are put in their places after the database: of those nothing is known. */
function afterSwap({ plan, problems }: RestoreRecord, kept: KeptDatabaseSummary): Partial<RestoreRecord> {
  const common = { swapped: true, error: null, finished_at: kept.replaced_at }
  if (!hasMedia(plan)) return { ...common, status: 'succeeded' }
  const text = 'The process ended after the swap: it is not known whether the media folders are in place.'
  return { ...common, status: 'succeeded_with_problems', problems: [...problems, { code: 'MEDIA_NOT_IN_PLACE', text }] }
}

function hasMedia(plan: RestoreRecord['plan']): boolean {
  const options: unknown = plan?.options
  return typeof options === 'object' && options !== null && Reflect.get(options, 'mediaTarget') !== undefined
}

const isSame = (a: RestoreRecord, b: RestoreRecord) => a === b || JSON.stringify(a) === JSON.stringify(b)
