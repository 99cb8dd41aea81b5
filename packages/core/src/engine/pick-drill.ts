import { isEngineError } from '../errors.ts'
import type { Repository } from '../repository/repository.ts'
import { findCopy } from './copy-places.ts'
import { type DrillTurn, rotationOf } from './drill-rotation.ts'
import type { OfDatabase, Running } from './engine-type.ts'
import type { EngineParts } from './parts.ts'
import { readDrills } from './read-drills.ts'
import { backupsOf } from './resolve-backup.ts'
import { readStoredBackups } from './stored-backups.ts'
import { isGood, type StoredBackup, sourceOf } from './summary.ts'

/** A copy that does not answer does not hold up who asks for a drill: the drill says that it was away. */
const copyMs = 8_000

/** The backup whose turn it is, and how it is read. Without a good backup: the newest one, whatever it is. */
export async function pickDrill(
  parts: EngineParts,
  { database, signal }: OfDatabase & Pick<Running, 'signal'>,
): Promise<{ backup: string; chosen: DrillTurn }> {
  const repository = await parts.repository()
  const { settings } = parts
  const name = parts.connection(database).database
  const drills = await readDrills(repository, signal)
  const turns = drills.flatMap((drill) => (drill.database === name && drill.turn !== null ? [drill.turn] : []))
  const good = (await readStoredBackups(repository, signal)).backups.filter(isOrdinary)
  const sources = good.map((stored) => ({ ...sourceOf(stored), id: stored.manifest.id }))
  const own = backupsOf(sources, await parts.meant(database, sources)).own.map(({ id }) => id)
  const facts = {
    turn: Math.max(0, ...turns) + 1,
    copies: parts.copies.map((copy) => copy.name),
    hasRecoveryKey: settings.drills.recoveryKey !== undefined,
    isEncrypted: repository.config.encryption !== 'none',
  }
  const chosen = rotationOf({ ...facts, backups: own.length })
  if (chosen.fromCopy === null) return { backup: own[chosen.age] ?? 'latest', chosen }
  const held = await heldBy(parts, repository, chosen.fromCopy, signal)
  const there = held === null ? own : own.filter((id) => held.has(id))
  const again = rotationOf({ ...facts, backups: there.length })
  // A copy that holds none of them is behind: the drill says so.
  return { backup: there[again.age] ?? own[0] ?? 'latest', chosen: again }
}

/** What a drill proves: neither what a restore put aside, nor what came from elsewhere. */
function isOrdinary(stored: StoredBackup): boolean {
  const { trigger, media_only: mediaOnly, quarantine } = stored.manifest
  return isGood(stored) && !mediaOnly && !quarantine && trigger !== 'pre_restore' && trigger !== 'import'
}

/** Ids of the backups in a copy; null: it does not answer. */
async function heldBy(
  parts: EngineParts,
  repository: Repository,
  copy: string,
  signal: AbortSignal | undefined,
): Promise<Set<string> | null> {
  const limit = AbortSignal.timeout(copyMs)
  const there = { ...repository, storage: findCopy(parts.copies, copy).storage, copies: [] }
  try {
    const { backups } = await readStoredBackups(there, signal ? AbortSignal.any([signal, limit]) : limit)
    return new Set(backups.map(({ manifest }) => manifest.id))
  } catch (error) {
    if (signal?.aborted || (isEngineError(error, 'ABORTED') && !limit.aborted)) throw error
    return null
  }
}
