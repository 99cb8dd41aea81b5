import { EngineError } from '../errors.ts'
import { sourceKey } from '../policy/backup-order.ts'
import {
  type Acknowledgement,
  type Alarm,
  listAlarms,
  type RaisedAlarm,
  recordAcknowledgement,
  recordAlarm,
} from '../repository/documents/alarms.ts'
import { createOpenedObjects, type OpenedObjects } from '../repository/documents/opened-objects.ts'
import { listPins, setPin } from '../repository/documents/pins.ts'
import type { Repository } from '../repository/repository.ts'
import type { OfDatabase, Running } from './engine-type.ts'
import type { EngineParts } from './parts.ts'
import { sourceOf } from './summary.ts'

/** By opened repository; records are written once. */
const remembered = new WeakMap<Repository, OpenedObjects<RaisedAlarm | Acknowledgement>>()

/** Oldest first, of any database. */
export async function readAlarms(repository: Repository, signal?: AbortSignal): Promise<Alarm[]> {
  const opened = remembered.get(repository) ?? createOpenedObjects<RaisedAlarm | Acknowledgement>({ maxBytes: 4 << 20 })
  remembered.set(repository, opened)
  return listAlarms(repository, { opened, unreadable: [], ...(signal ? { signal } : {}) })
}

/** The pin that an alarm sets says whose it is: an acknowledgement takes off its own, and no one else's. */
const pinnedBy = (alarm: string): string => `alarm ${alarm}`

/**
 * Judges a backup that was just made by the ones before it, and keeps what is odd. A backup that an alarm compared with is pinned
 * before the alarm is stored, so that retention cannot let it go. Resolves with the alarms that are new.
 */
export async function raiseAlarms(parts: EngineParts, backupId: string, { signal }: Running = {}): Promise<Alarm[]> {
  const repository = await parts.repository()
  const [{ readStoredBackups }, { judgeAlarms }] = await Promise.all([
    import('./stored-backups.ts'),
    import('./judge-alarms.ts'),
  ])
  const [{ backups }, known] = await Promise.all([
    readStoredBackups(repository, signal),
    readAlarms(repository, signal),
  ])
  const made = backups.find(({ manifest }) => manifest.id === backupId)
  if (!made) return []
  const own = backups.filter((backup) => sourceKey(sourceOf(backup)) === sourceKey(sourceOf(made)))
  const series = { made: made.manifest, earlier: own.filter((one) => one !== made), known, now: new Date() }
  const raised: Alarm[] = []
  for (const alarm of await judgeAlarms(repository, series, signal)) {
    if (known.some(({ id }) => id === alarm.id)) continue
    if (alarm.held) await hold(repository, alarm.held.backup, alarm.id)
    if (await recordAlarm(repository, alarm)) raised.push({ ...alarm, acknowledged: null })
  }
  return raised
}

/** A pin of a person's stays theirs. */
async function hold(repository: Repository, backup: string, alarm: string): Promise<void> {
  if (!(await listPins(repository)).has(backup)) await setPin(repository, backup, true, { by: pinnedBy(alarm) })
}

/** Of one database where a label is given, newest first. */
export async function alarmsOf(parts: EngineParts, { database, signal }: OfDatabase & Running = {}): Promise<Alarm[]> {
  const name = database === undefined ? undefined : parts.connection(database).database
  const all = await readAlarms(await parts.repository(), signal)
  return all.filter((one) => name === undefined || one.database === name).reverse()
}

/** The one that a reference means: an id, or the beginning of one. */
export async function findAlarm(parts: EngineParts, reference: string, signal?: AbortSignal): Promise<Alarm> {
  const all = await readAlarms(await parts.repository(), signal)
  const found = all.filter(({ id }) => id === reference || (reference.length >= 4 && id.startsWith(reference)))
  if (found.length === 1 && found[0]) return found[0]
  throw new EngineError(
    'ALARM_NOT_FOUND',
    `There is ${found.length === 0 ? 'no' : 'more than one'} alarm "${reference}".`,
  )
}

/**
 * Records that a person has looked at an alarm, and takes off the pin it set, unless a later alarm wants it too. One that is
 * acknowledged already stays as it is.
 */
export async function acknowledgeAlarm(
  parts: EngineParts,
  alarm: Alarm,
  acknowledgement: Acknowledgement,
): Promise<Alarm> {
  const repository = await parts.repository()
  if (alarm.acknowledged === null) await recordAcknowledgement(repository, alarm.id, acknowledgement)
  if (alarm.held) await release(repository, alarm.held.backup, alarm.id)
  return { ...alarm, acknowledged: alarm.acknowledged ?? acknowledgement }
}

async function release(repository: Repository, backup: string, alarm: string): Promise<void> {
  const pin = (await listPins(repository)).get(backup)
  if (pin?.pinnedBy !== pinnedBy(alarm)) return
  const next = (await listAlarms(repository, { unreadable: [] })).find(
    ({ id, held, acknowledged }) => id !== alarm && held?.backup === backup && acknowledged === null,
  )
  await setPin(repository, backup, next !== undefined, next ? { by: pinnedBy(next.id) } : {})
}
