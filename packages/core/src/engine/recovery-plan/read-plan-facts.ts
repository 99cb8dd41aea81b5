import { hostname } from 'node:os'
import type { Ground } from '../../actions/ground.ts'
import type { JobRecord } from '../../catalog/catalog.ts'
import { newestOf } from '../../policy/backup-order.ts'
import type { Drill } from '../../repository/documents/drills.ts'
import { version } from '../../version.ts'
import type { Background } from '../background/core.ts'
import type { CopyState } from '../copies.ts'
import type { EngineParts } from '../parts.ts'
import { readDrills } from '../read-drills.ts'
import { backupsOf } from '../resolve-backup.ts'
import { readStoredBackups } from '../stored-backups.ts'
import { isGood, type StoredBackup, sourceOf } from '../summary.ts'
import type { MeasuredRecovery, PlanBackup, PlanCopy, PlanDatabase, PlanFacts } from './plan-facts.ts'

type PlanGround = Pick<Ground, 'parts' | 'copies' | 'keys' | 'history'> & { signal: AbortSignal | undefined }

const windowMs = 30 * 86_400_000

/** Reads what the plan says from configuration, repository and catalog. Throws where the repository does not open. */
export async function readPlanFacts(ground: PlanGround): Promise<PlanFacts> {
  const { parts, copies, keys, signal } = ground
  const now = new Date()
  const kit = await keys.recoveryKit()
  const repository = await parts.repository()
  const [history, states, { backups }, drills] = await Promise.all([
    ground.history(),
    copies.states({ signal }),
    readStoredBackups(repository, signal),
    readDrills(repository, signal),
  ])
  const databases: PlanDatabase[] = []
  for (const label of parts.labels()) {
    const sources = backups.map((stored) => ({ ...sourceOf(stored), stored }))
    const { own: all } = backupsOf(sources, await parts.meant(label, sources))
    const own = all.filter(({ media_only }) => !media_only).map(({ stored }) => stored)
    const { database: name, host, port, user } = parts.connection(label)
    databases.push({
      ...{ label, name, host, port, user },
      ...ofBackups(own.filter(isGood), now),
      recoveryTime: newestMeasure([
        ...(history ? await measuresOfTasks(history, label) : []),
        ...drills.filter(({ backup }) => own.some(({ manifest }) => manifest.id === backup)).flatMap(measureOfDrill),
      ]),
    })
  }
  return {
    ...{ madeAt: now.toISOString(), application: await parts.applicationName(), version, machine: hostname() },
    repository: {
      ...{ location: kit.location, isByCode: typeof parts.settings.repository !== 'string', id: kit.repository },
      ...{ format: kit.format, encryption: kit.encryption, createdAt: kit.created_at, fingerprint: kit.fingerprint },
      recoverSha256: kit.recover_sha256,
    },
    copies: parts.copies.map((copy) => planCopy(copy, states)),
    keys: kit.slots.map(({ opened_with: _, ...slot }) => slot),
    databases,
    media: parts.mediaFolders(),
  }
}

function planCopy({ name, storage, settings }: EngineParts['copies'][number], states: readonly CopyState[]): PlanCopy {
  return {
    ...{ name, location: storage.location, isByCode: typeof settings.repository !== 'string' },
    hasOwnKey: settings.encryption !== undefined,
    message: states.find((state) => state.name === name)?.message ?? 'It was not looked at.',
  }
}

function ofBackups(good: readonly StoredBackup[], now: Date): Pick<PlanDatabase, 'last' | 'recoveryPoint'> {
  const numbered = good.map((stored) => ({ stored, number: stored.manifest.number, id: stored.manifest.id }))
  const newest = newestOf(numbered)?.stored
  const times = good.map(({ manifest }) => Date.parse(manifest.snapshot.taken_at))
  return { last: newest ? planBackup(newest) : null, recoveryPoint: recoveryPointOf(times, now.getTime()) }
}

/** The longest gap between two of the moments of the last 30 days, and up to now. Pure. */
export function recoveryPointOf(times: readonly number[], now: number): PlanDatabase['recoveryPoint'] {
  const recent = times.filter((time) => time >= now - windowMs && time <= now).sort((a, b) => a - b)
  if (recent.length < 2) return null
  const gaps = [...recent.slice(1), now].map((time, index) => time - (recent[index] ?? time))
  return { largestGapSeconds: Math.round(Math.max(...gaps) / 1000), backups: recent.length }
}

function planBackup({ manifest, lastVerified }: StoredBackup): PlanBackup {
  const { number, completed_at, logical_bytes, row_count, postgres_version, include_media } = manifest
  return {
    ...{ number, completed_at, logical_bytes, row_count, postgres_version, include_media },
    verified: lastVerified?.ok ? { level: lastVerified.level, at: lastVerified.at } : null,
  }
}

const newestMeasure = (measured: readonly MeasuredRecovery[]): MeasuredRecovery | null =>
  [...measured].sort((a, b) => Date.parse(b.at) - Date.parse(a.at))[0] ?? null

/** How long the newest restore, and verifications by a restore alone, took. */
async function measuresOfTasks({ catalog }: Background, database: string): Promise<MeasuredRecovery[]> {
  const [restores, verifications] = await Promise.all([
    catalog.jobs.list({ kinds: ['restore'], statuses: ['succeeded'], database }, { limit: 1 }),
    catalog.jobs.list({ kinds: ['verify'], statuses: ['succeeded'], database }, { limit: 200 }),
  ])
  return [
    ...restores.flatMap((job) => measure(job, 'restore')),
    ...verifications.filter(isByRestore).flatMap((job) => measure(job, 'verification')),
  ]
}

/** A bad one that came to an end has measured a recovery too. */
function measureOfDrill({ at, recovery_seconds: seconds }: Drill): MeasuredRecovery[] {
  return seconds === null ? [] : [{ seconds, at, by: 'drill' }]
}

function measure({ started_at, finished_at }: JobRecord, by: MeasuredRecovery['by']): MeasuredRecovery[] {
  if (started_at === null || finished_at === null) return []
  return [{ seconds: (Date.parse(finished_at) - Date.parse(started_at)) / 1000, at: finished_at, by }]
}

/** One that also reads checksums takes longer than a restore. */
function isByRestore({ input: { input } }: JobRecord): boolean {
  if (typeof input !== 'object' || input === null) return false
  const level: unknown = Reflect.get(input, 'level')
  const levels: unknown = Reflect.get(input, 'levels')
  return level === 'restore' || (Array.isArray(levels) && levels.length === 1 && levels[0] === 'restore')
}
