import type { Ground } from '../actions/ground.ts'
import { type Health, type HealthFacts, healthOf } from '../policy/health-score.ts'
import { readAlarms } from './alarms.ts'
import { wasAuditBroken } from './background/audit/watch-audit.ts'
import type { Background } from './background/core.ts'
import { longestInterval } from './background/longest-interval.ts'
import { backupSchedulesOf, longestOverdue } from './background/overdue-runs.ts'
import { enabledJobs } from './background/schedules.ts'
import type { Running } from './engine-type.ts'
import type { BackupAttempt } from './protection.ts'
import { readDrills } from './read-drills.ts'
import { readStorageOutlook } from './read-storage-outlook.ts'
import type { StatusReport } from './status.ts'

const dayMs = 86_400_000
const windowMs = 30 * dayMs
const mostChannels = 50

type HealthGround = Pick<Ground, 'parts' | 'history'>

/** The health of one database, by what `status` says of it and by what the catalog and the repository have. */
export async function readHealth(
  { parts, history }: HealthGround,
  { label, status }: { label: string; status: StatusReport },
  { now = new Date(), signal }: { now?: Date; signal?: Running['signal'] | undefined } = {},
): Promise<Health> {
  const repository = await parts.repository()
  // Where the catalog is found damaged, this goes on as if there were none.
  const ready = await history()
  const [alarms, drills, outlook, known] = await Promise.all([
    readAlarms(repository, signal),
    readDrills(repository, signal),
    readStorageOutlook(parts, ready, { now, signal }),
    ready ? readHistory(ready, label, now).catch(() => noHistory) : noHistory,
  ])
  const { recovery_point: point, recovery_time: time } = status.objectives
  const daysSince = (at: string | null): number | null =>
    at === null ? null : (now.getTime() - Date.parse(at)) / dayMs
  const open = alarms.filter(({ database, acknowledged }) => database === status.database && acknowledged === null)
  const own = drills.filter(({ database }) => database === status.database)
  const proofs = [own.findLast(({ verdict }) => verdict === 'good')?.at, known.restoredAt].filter(
    (at): at is string => typeof at === 'string',
  )
  const { restoredAt: _, lastMessageAt, ...ofHistory } = known
  return healthOf({
    ...ofHistory,
    isNewestGood: status.last_backup === null ? null : status.last_backup.last_verified?.ok !== false,
    pointSeconds: point.seconds,
    pointObjectiveSeconds: point.objective_seconds,
    recoverySeconds: time.seconds,
    recoveryObjectiveSeconds: time.objective_seconds,
    serverAnswers: status.server_answers,
    auditBroken: known.auditBroken,
    daysSinceProof: daysSince(proofs.sort().at(-1) ?? null),
    lastDrillBad: own.at(-1)?.verdict === 'bad',
    daysSinceVerified: daysSince(status.last_verified_at),
    scrubCoverage: status.scrub?.coverage ?? null,
    scrubProblems: status.scrub?.last_problems ?? 0,
    copies: status.copies.length,
    copiesBehind: status.copies.filter(({ level }) => level !== 'ok').length,
    storage: outlook.level,
    storageMessage: outlook.message,
    openRowAlarms: open.filter(({ what }) => what === 'rows').length,
    openSizeAlarms: open.filter(({ what }) => what === 'size').length,
    daysSinceMessage: daysSince(lastMessageAt),
    kitTaken: repository.config.encryption === 'none' ? true : known.kitTaken,
  })
}

/** The newest backup job of a database that ended; null where there is none, or no history. */
export async function readAttempt(history: Background | null, label: string): Promise<BackupAttempt | null> {
  const ended = await history?.catalog.jobs.list(
    { kinds: ['backup'], statuses: ['succeeded', 'failed', 'interrupted'], database: label },
    { limit: 1 },
  )
  const job = ended?.[0]
  if (!job) return null
  const { detail, advice } = (job.error ?? {}) as { detail?: string; advice?: string }
  return {
    status: job.status,
    finished_at: job.finished_at ?? job.created_at,
    detail: detail ?? '',
    ...(advice === undefined ? {} : { advice }),
  }
}

type HistoryFacts = Pick<
  HealthFacts,
  | 'periodSeconds'
  | 'isScheduled'
  | 'isPaused'
  | 'overdueSeconds'
  | 'failedRuns'
  | 'lastRunFailed'
  | 'channelsFailing'
  | 'auditBroken'
  | 'kitTaken'
> & { restoredAt: string | null; lastMessageAt: string | null }

const noHistory: HistoryFacts = {
  ...{
    periodSeconds: null,
    isScheduled: null,
    isPaused: false,
    overdueSeconds: 0,
    failedRuns: 0,
    lastRunFailed: false,
  },
  ...{ channelsFailing: 0, auditBroken: false, kitTaken: null, restoredAt: null, lastMessageAt: null },
}

async function readHistory(ready: Background, label: string, now: Date): Promise<HistoryFacts> {
  const { catalog, jobs, parts } = ready
  const since = new Date(now.getTime() - windowMs).toISOString()
  const [planned, ended, isPaused, restored, kits, conditions] = await Promise.all([
    enabledJobs(ready),
    catalog.jobs.list({ kinds: ['backup'], finishedSince: since, database: label }, { limit: 10_000 }),
    jobs.isPaused(),
    catalog.restores.list({ database: label, statuses: ['succeeded'] }, { limit: 1 }),
    catalog.audit.list({ action: 'keys.recoveryKit', limit: 20 }),
    catalog.notifications.conditions(),
  ])
  const mine = backupSchedulesOf(planned, label)
  const judged = ended.filter(({ status }) => ['succeeded', 'failed', 'interrupted'].includes(status))
  const newest = judged.toSorted((a, b) => ((a.finished_at ?? '') < (b.finished_at ?? '') ? -1 : 1)).at(-1)
  const [last] = restored
  const { channels } = parts.settings.notifications
  return {
    periodSeconds: longestInterval(mine, now),
    isScheduled: mine.length > 0,
    isPaused,
    overdueSeconds: await longestOverdue(ready, mine, now),
    failedRuns: judged.filter(({ status }) => status !== 'succeeded').length,
    lastRunFailed: newest !== undefined && newest.status !== 'succeeded',
    channelsFailing: conditions.filter(({ key }) => key.startsWith('channel:')).length,
    auditBroken: (await wasAuditBroken(catalog)) === true,
    kitTaken: kits.some(({ outcome }) => outcome === 'succeeded'),
    restoredAt: last ? (last.finished_at ?? last.started_at) : null,
    lastMessageAt: await lastMessage(
      ready,
      channels.map(({ name }) => name),
    ),
  }
}

async function lastMessage({ catalog }: Background, channels: readonly string[]): Promise<string | null> {
  const sent = await Promise.all(
    channels
      .slice(0, mostChannels)
      .map((channel) => catalog.notifications.list({ channel, status: 'sent' }, { limit: 1 })),
  )
  const times = sent.flatMap(([one]) => (one ? [one.ended_at ?? one.created_at] : []))
  return times.sort().at(-1) ?? null
}
