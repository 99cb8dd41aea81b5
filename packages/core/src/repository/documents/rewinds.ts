import { z } from 'zod'
import { damaged } from '../damage.ts'
import { prefixes } from '../layout.ts'
import type { Repository } from '../repository.ts'
import { backupIdSchema } from './documents.ts'
import { getDocument, openDocument, putDocument, sealDocument } from './sealed-document.ts'
import { readOrNote, type UnreadableOptions } from './unreadable.ts'

const count = z.number().int().nonnegative()

/** A letter, then what Crockford's base32 has in lower case. */
export const rewindIdSchema = z.string().regex(/^w[0-9a-hjkmnp-tv-z]{15}$/)

/** What it takes to undo a rewind: the rows that it took out, and how those that it put back are known. */
export const rewindSchema = z.object({
  format: z.number().int().positive(),
  id: rewindIdSchema,
  backup: backupIdSchema,
  safety_backup: backupIdSchema.nullable(),
  at: z.iso.datetime({ offset: true }),
  by: z.string(),
  database: z.string(),
  system_identifier: z.string(),
  database_oid: count,
  /** Id of the transaction that put the rows back, as decimal text. */
  transaction: z.string().regex(/^\d{1,20}$/),
  /** Nonce in `lifeboat.marker`, written by that very transaction; null where the role cannot write it. */
  marker: z.string().nullable(),
  tables: z.array(
    z.object({
      oid: count,
      schema: z.string(),
      name: z.string(),
      relfilenode: count,
      columns: z.array(z.string()),
      put_back: count,
      taken_out: count,
      /** Numbers of the parts that hold the rows taken out as COPY text, in order, cut anywhere. */
      parts: z.array(count),
      bytes: count,
    }),
  ),
})
export type RewindRecord = z.infer<typeof rewindSchema>

const headName = (id: string) => `${prefixes.rewinds}${rewindIdSchema.parse(id)}/head`
const partName = (id: string, part: number) => `${prefixes.rewinds}${rewindIdSchema.parse(id)}/${part}`

/** Bytes of rows in one object. */
const partBytes = 4 << 20

/** Writes the rows that a rewind takes out, as they come; then what is known of it, which makes it one that can be undone. */
export function createRewindWriter(repository: Repository, id: string, { signal }: { signal?: AbortSignal } = {}) {
  let next = 0
  const put = async (bytes: Buffer) => {
    const number = next++
    const name = partName(id, number)
    await repository.storage.put(name, sealDocument(repository.keys, name, bytes), { signal })
    return number
  }
  return {
    /** Of one table; one after the other. */
    table() {
      let pieces: Buffer[] = []
      let [held, total] = [0, 0]
      const parts: number[] = []
      const flush = async () => {
        const all = Buffer.concat(pieces)
        pieces = []
        held = 0
        for (let at = 0; at < all.length; at += partBytes) parts.push(await put(all.subarray(at, at + partBytes)))
      }
      return {
        async write(bytes: Buffer): Promise<void> {
          pieces.push(Buffer.from(bytes))
          held += bytes.length
          total += bytes.length
          if (held >= partBytes) await flush()
        },
        async end(): Promise<{ parts: number[]; bytes: number }> {
          await flush()
          return { parts, bytes: total }
        },
      }
    },
    async commit(record: Omit<RewindRecord, 'format'>): Promise<void> {
      await putDocument(repository, headName(id), { format: 1, ...record }, { signal })
    },
  }
}

/** `null` where there is none of that id. */
export function readRewind(
  repository: Repository,
  id: string,
  { signal }: { signal?: AbortSignal } = {},
): Promise<RewindRecord | null> {
  return getDocument(repository, headName(id), rewindSchema, { signal })
}

/** The rows that were taken out of one of its tables, in pieces cut anywhere. */
export async function* readTakenOut(
  repository: Repository,
  id: string,
  table: Pick<RewindRecord['tables'][number], 'parts' | 'bytes'>,
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<Buffer> {
  let bytes = 0
  for (const part of table.parts) {
    const name = partName(id, part)
    const rows = openDocument(repository.keys, name, await repository.storage.get(name, { signal }))
    bytes += rows.length
    yield rows
  }
  if (bytes !== table.bytes) throw damaged(`${prefixes.rewinds}${id}`, `holds ${bytes} of ${table.bytes} bytes`)
}

/** Those that were begun or done, newest first. What cannot be read is passed over: see {@link readOrNote}. */
export async function listRewinds(
  repository: Repository,
  { signal, unreadable = [] }: { signal?: AbortSignal } & UnreadableOptions = {},
): Promise<RewindRecord[]> {
  const found: RewindRecord[] = []
  for await (const { name } of repository.storage.list(prefixes.rewinds, { signal })) {
    const id = /^rewinds\/(w[0-9a-hjkmnp-tv-z]{15})\/head$/.exec(name)?.[1]
    if (id === undefined) continue
    const record = await readOrNote(name, { unreadable }, () => readRewind(repository, id, { signal }))
    if (record) found.push(record)
  }
  return found.sort((a, b) => Date.parse(b.at) - Date.parse(a.at))
}

/** Deletes what is kept of a rewind: the head first, so that what is left of one that was broken off is never used. */
export async function deleteRewind(repository: Repository, id: string): Promise<void> {
  await repository.storage.delete(headName(id))
  const names = repository.storage.list(`${prefixes.rewinds}${rewindIdSchema.parse(id)}/`)
  for await (const { name } of names) await repository.storage.delete(name)
}
