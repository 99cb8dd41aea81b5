import { z } from 'zod'
import { type Storage, StorageObjectMissing, type StorageOptions } from '../storage/storage.ts'
import { atOnce, documentsAtOnce } from './concurrency.ts'

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
 * Compare-and-swap made of put-if-absent: a lease is the object with the highest number under `leases/<name>/`. Whoever
 * creates number n + 1 has changed it, and only one can. The highest is never deleted, so numbers never start again.
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

export function leaseGenerations(storage: Storage, name: string): LeaseGenerations {
  const prefix = `leases/${name}/`
  const objectName = (number: number) => prefix + String(number).padStart(12, '0')

  const numbers = async (options?: StorageOptions) => {
    const found: number[] = []
    for await (const object of storage.list(prefix, options)) {
      const digits = object.name.slice(prefix.length)
      if (/^\d{12}$/.test(digits)) found.push(Number(digits))
    }
    return found
  }

  return {
    async current(options) {
      for (;;) {
        const found = await numbers(options)
        if (found.length === 0) return undefined
        const number = Math.max(...found)
        try {
          return { number, record: parseRecord(await storage.get(objectName(number), options)) }
        } catch (error) {
          // Gone since the listing: a holder that had lost the lease took its own late generation back.
          if (!(error instanceof StorageObjectMissing)) throw error
        }
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

/** A record nobody can read counts as held by somebody unknown, for the longest time a lease may last. */
function parseRecord(data: Buffer): LeaseRecord {
  try {
    return recordSchema.parse(JSON.parse(data.toString()))
  } catch {
    return { holder: 'unknown', nonce: 'unreadable', ttl_ms: maximumLeaseMs, released: false }
  }
}
