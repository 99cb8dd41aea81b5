import { z } from 'zod'
import { isEngineError } from '../../errors.ts'
import { type Storage, StorageObjectMissing, type StorageOptions } from '../../storage/storage.ts'
import { atOnce, documentsAtOnce } from '../concurrency.ts'
import { maxBytesOf, prefixes } from '../layout.ts'
import { type LeaseKeys, leaseObjectName, parseLeaseObjectName } from './lease-names.ts'

/** The longest time a lease lasts without a sign of life, so that a dead holder is replaced within 60 s. */
export const maximumLeaseMs = 45_000

/** How many generations before the present one stay, so that a slow listing still meets one. */
const kept = 8

const recordSchema = z.object({
  /** For people: who holds it. */
  holder: z.string().max(200),
  /** Random, one per acquisition: tells holders apart. */
  nonce: z.string().min(1).max(100),
  /** For how long this generation holds, as each watcher's own clock counts it from when it first saw it. */
  ttl_ms: z.number().int().positive().max(maximumLeaseMs),
  released: z.boolean(),
})
export type LeaseRecord = z.infer<typeof recordSchema>

export interface LeaseGeneration {
  number: number
  record: LeaseRecord
}

/**
 * Compare-and-swap made of put-if-absent: a lease is the object with the highest number under `leases/<name>/`. The
 * process that creates number n + 1 has changed it, and only one can. The highest is never deleted, so numbers never
 * start again. Names that were made without the repository's key are not among them.
 */
export interface LeaseGenerations {
  current(options?: StorageOptions): Promise<LeaseGeneration | undefined>
  /** The highest number alone: one round trip less. 0 where there is none. */
  highest(options?: StorageOptions): Promise<number>
  /** Whether this call created the generation. A lost answer shows as `false`; {@link current} then tells. */
  create(number: number, record: LeaseRecord, options?: StorageOptions): Promise<boolean>
  /** When the storage, by its own clock, stored a generation. */
  storedAt(number: number, options?: StorageOptions): Promise<Date | undefined>
  /** Deletes generations long before `number`. Failing to is no error. */
  sweep(number: number): Promise<void>
  remove(number: number): Promise<void>
}

export function leaseGenerations({ storage, keys }: LeasedRepository, name: string): LeaseGenerations {
  const prefix = `${prefixes.leases}${name}/`
  const objectName = (number: number) => leaseObjectName(keys, { lease: name, number })

  const numbers = async (options?: StorageOptions) => {
    const found: number[] = []
    for await (const object of storage.list(prefix, options)) {
      const generation = parseLeaseObjectName(keys, object.name)
      if (generation?.lease === name) found.push(generation.number)
    }
    return found
  }

  return {
    async current(options) {
      for (;;) {
        const found = await numbers(options)
        if (found.length === 0) return undefined
        const number = Math.max(...found)
        const record = await readRecord(storage, objectName(number), options)
        // Gone since the listing: a holder that had lost the lease took its own late generation back.
        if (record !== null) return { number, record }
      }
    },

    highest: async (options) => Math.max(0, ...(await numbers(options))),

    create: (number, record, options) =>
      storage.put(objectName(number), Buffer.from(JSON.stringify(record)), { ...options, ifAbsent: true }),

    storedAt: async (number, options) => (await storage.stat(objectName(number), options))?.modifiedAt,

    async sweep(number) {
      if (number <= kept + 1) return
      try {
        const old = (await numbers()).filter((found) => found < number - kept)
        await atOnce(old, documentsAtOnce, (found) => storage.delete(objectName(found)))
      } catch {
        // The next renewal sweeps again.
      }
    },

    remove: (number) => storage.delete(objectName(number)),
  }
}

/** What a lease needs of a repository. */
export interface LeasedRepository {
  storage: Storage
  keys: LeaseKeys
}

/** A record that cannot be read counts as held by a holder that is not known, for the longest time a lease may last. */
async function readRecord(
  storage: Storage,
  name: string,
  options: StorageOptions | undefined,
): Promise<LeaseRecord | null> {
  try {
    return recordSchema.parse(JSON.parse(String(await storage.get(name, { ...options, maxBytes: maxBytesOf(name) }))))
  } catch (error) {
    if (error instanceof StorageObjectMissing) return null
    const isUnreadable = error instanceof SyntaxError || error instanceof z.ZodError
    if (!isUnreadable && !isEngineError(error, 'REPOSITORY_DAMAGED')) throw error
    return { holder: 'unknown', nonce: 'unreadable', ttl_ms: maximumLeaseMs, released: false }
  }
}
