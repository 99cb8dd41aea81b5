import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { StoredObject } from '../../storage/storage.ts'
import { documentsAtOnce, mapInOrder } from '../concurrency.ts'
import { prefixes } from '../layout.ts'
import type { Repository } from '../repository.ts'
import { backupIdSchema } from './documents.ts'
import type { OpenedObjects } from './opened-objects.ts'
import { getDocument, putDocument } from './sealed-document.ts'
import { readOrNote, type UnreadableOptions } from './unreadable.ts'

const time = z.iso.datetime({ offset: true })
const text = z.string().max(2000)
const count = z.number().int().min(0)

export const alarmIdSchema = z.string().regex(/^a[0-9a-f]{16}$/)

/** What is odd about one table, or about the size of the backup. */
export const alarmFindingSchema = z.object({
  kind: z.enum(['emptied', 'lost', 'vanished', 'rewritten', 'smaller', 'larger']),
  /** `schema.table`; null: the backup as a whole. */
  table: text.nullable(),
  /** Rows of the table, or bytes of the backup. */
  before: count,
  after: count,
  message: text,
})
export type AlarmFinding = z.infer<typeof alarmFindingSchema>

/** What was odd about a backup when it was made. Plain JSON with the names of the HTTP contract. */
export const raisedAlarmSchema = z.object({
  id: alarmIdSchema,
  what: z.enum(['rows', 'size']),
  backup: backupIdSchema,
  number: count,
  database: z.string(),
  system_identifier: z.string(),
  at: time,
  /** The worst come first. */
  findings: z.array(alarmFindingSchema).max(100),
  /** How many there are in all. */
  finding_count: count,
  /** Number of the backup it was compared with. */
  compared_with: count,
  /** The backup that is pinned until the alarm is acknowledged; null: none is. */
  held: z.object({ backup: backupIdSchema, number: count }).nullable(),
})
export type RaisedAlarm = z.infer<typeof raisedAlarmSchema>

export const acknowledgementSchema = z.object({
  at: time,
  by: z.string(),
  reason: text,
  /** The same in the same table is not to be told again. */
  expected: z.boolean(),
})
export type Acknowledgement = z.infer<typeof acknowledgementSchema>

export type Alarm = RaisedAlarm & { acknowledged: Acknowledgement | null }

const format = z.object({ format: z.number().int().positive() })
const storedAlarm = raisedAlarmSchema.extend(format.shape)
const storedAcknowledgement = acknowledgementSchema.extend({ ...format.shape, alarm: alarmIdSchema })

/** The same for the same backup: a backup that is judged again has the same alarm. */
export const alarmIdOf = (backup: string, what: RaisedAlarm['what']): string =>
  `a${createHash('sha256').update(`${backup} ${what}`).digest('hex').slice(0, 16)}`

const raisedName = (id: string): string => `${prefixes.alarms}${alarmIdSchema.parse(id)}/raised`
const acknowledgedName = (id: string): string => `${prefixes.alarms}${alarmIdSchema.parse(id)}/acknowledged`

/** Keeps an alarm, sealed. False where it is there already. */
export async function recordAlarm(repository: Repository, alarm: RaisedAlarm): Promise<boolean> {
  return putDocument(repository, raisedName(alarm.id), { format: 1, ...alarm }, { ifAbsent: true })
}

/** Keeps that a person has looked at an alarm. The first one counts. */
export async function recordAcknowledgement(
  repository: Repository,
  alarm: string,
  acknowledgement: Acknowledgement,
): Promise<void> {
  await putDocument(repository, acknowledgedName(alarm), { format: 1, alarm, ...acknowledgement }, { ifAbsent: true })
}

type Stored = RaisedAlarm | Acknowledgement

/** Alarms, oldest first. What is in `opened` already is not read again. An acknowledgement that cannot be read is none. */
export async function listAlarms(
  repository: Repository,
  { signal, opened, unreadable }: { signal?: AbortSignal; opened?: OpenedObjects<Stored> } & UnreadableOptions = {},
): Promise<Alarm[]> {
  const objects: StoredObject[] = []
  for await (const object of repository.storage.list(prefixes.alarms, { signal })) objects.push(object)
  opened?.keepOnly(new Set(objects.map(({ name }) => name)))
  const raised: RaisedAlarm[] = []
  const acknowledged = new Map<string, Acknowledgement>()
  const read = async (object: StoredObject): Promise<{ object: StoredObject; stored: Stored } | null> => {
    const known = opened?.get(object)
    if (known) return { object, stored: known }
    const open = async (): Promise<Stored | null> => {
      const schema = object.name.endsWith('/raised') ? storedAlarm : storedAcknowledgement
      const found = await getDocument<Stored & { format: number }>(repository, object.name, schema, { signal })
      if (found === null) return null
      const { format: _, ...stored } = found
      return stored
    }
    const stored = await readOrNote(object.name, { unreadable }, open)
    if (stored) opened?.set(object, stored)
    return stored && { object, stored }
  }
  for await (const found of mapInOrder(objects, documentsAtOnce, read)) {
    if (found === null) continue
    const id = found.object.name.slice(prefixes.alarms.length).split('/')[0] ?? ''
    if ('findings' in found.stored) raised.push(found.stored)
    else {
      const { at, by, reason, expected } = found.stored
      acknowledged.set(id, { at, by, reason, expected })
    }
  }
  return raised
    .map((alarm) => ({ ...alarm, acknowledged: acknowledged.get(alarm.id) ?? null }))
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
}
