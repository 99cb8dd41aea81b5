import { z } from 'zod'
import type { StoredObject } from '../../storage/storage.ts'
import { documentsAtOnce, mapInOrder } from '../concurrency.ts'
import { prefixes, randomName } from '../layout.ts'
import type { Repository } from '../repository.ts'
import { backupIdSchema } from './documents.ts'
import type { OpenedObjects } from './opened-objects.ts'
import { getDocument, putDocument } from './sealed-document.ts'
import { readOrNote, type UnreadableOptions } from './unreadable.ts'

const count = z.number().int().min(0)
const time = z.iso.datetime({ offset: true })
const text = z.string().max(2000)

/** What a drill found out. Plain JSON with the names of the HTTP contract. */
export const drillSchema = z.object({
  id: z.string().regex(/^d[0-9a-f]{16}$/),
  backup: backupIdSchema,
  number: count,
  /** SHA-256 of the manifest. */
  checksum: z.string(),
  /** The database's name in the backup. */
  database: z.string(),
  backup_created_at: time,
  started_at: time,
  at: time,
  by: z.string(),
  /** `unknown`: it could not find out; `problems` says what kept it. */
  verdict: z.enum(['good', 'bad', 'unknown']),
  /** What is wrong, one sentence each. */
  problems: z.array(text).max(100),
  /** What was not checked, and why. */
  notes: z.array(text).max(100),
  /** From the start until the restored database was migrated and checked as a restore checks it; null: not reached. */
  recovery_seconds: z.number().min(0).nullable(),
  /** All of it: freshness, indexes, media and the end of the copy too. */
  seconds: z.number().min(0),
  /** In order, together `seconds`. */
  phases: z.array(z.object({ phase: z.string().max(100), seconds: z.number().min(0) })).max(200),
  tables: count,
  rows: count,
  /** Ids of the migrations that ran on the copy. */
  migrations: z.array(text).max(10_000),
  data_migrations: z.array(text).max(1000),
  /** Names of those that passed. */
  validators: z.array(text).max(1000),
  /** By column: how old the newest row was when the backup was made; null: there was none. */
  freshness: z
    .array(z.object({ column: text, age_seconds: z.number().nullable(), limit_seconds: z.number() }))
    .max(1000),
  /** Indexes that amcheck looked at; null: it was not done. */
  indexes: count.nullable(),
  /** Bytes of the media that were read and proven. */
  media_bytes: count,
  /** Which number of the rotation chose the backup and how it is read; null: people did. */
  turn: count.nullable().default(null),
  /** Name of the copy that was read; null: the repository. */
  copy: z.string().max(100).nullable().default(null),
  /** Whether the recovery key opened it. */
  recovery_key: z.boolean().default(false),
})
export type Drill = z.infer<typeof drillSchema>

const storedSchema = drillSchema.extend({ format: z.number().int().positive() })

/** Keeps what a drill found, sealed. */
export async function recordDrill(repository: Repository, drill: Drill): Promise<void> {
  const stamp = drill.at.replace(/[^0-9]/g, '').slice(0, 14)
  await putDocument(repository, `${prefixes.drills}${stamp}-${randomName().slice(0, 8)}`, { format: 1, ...drill })
}

/** Drills, oldest first. What is in `opened` already is not read again; what cannot be read is noted in `unreadable`. */
export async function listDrills(
  repository: Repository,
  { signal, opened, unreadable }: { signal?: AbortSignal; opened?: OpenedObjects<Drill> } & UnreadableOptions = {},
): Promise<Drill[]> {
  const objects: StoredObject[] = []
  for await (const object of repository.storage.list(prefixes.drills, { signal })) objects.push(object)
  opened?.keepOnly(new Set(objects.map(({ name }) => name)))
  const read = async (object: StoredObject): Promise<Drill | null> => {
    const known = opened?.get(object)
    if (known) return known
    const open = () => getDocument(repository, object.name, storedSchema, { signal })
    const record = await readOrNote(object.name, { unreadable }, open)
    if (record === null) return null
    const { format: _, ...drill } = record
    opened?.set(object, drill)
    return drill
  }
  const found: Drill[] = []
  for await (const drill of mapInOrder(objects, documentsAtOnce, read)) if (drill !== null) found.push(drill)
  return found.sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
}
