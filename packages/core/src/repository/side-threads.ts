import { availableParallelism } from 'node:os'
import { withOwnMemory } from '../threads/own-memory.ts'
import { siblingModule, startThread } from '../threads/thread.ts'
import { createThreadPool } from '../threads/thread-pool.ts'
import type { SealedChunk } from './chunks/sealed-chunk.ts'
import type { Deflated, DeflateRequest } from './deflate-piece.ts'
import type { RepositoryKeys } from './keys/keys.ts'
import type { PackTable } from './packs/pack.ts'

/**
 * Threads for what would keep the host's own from its visitors: opening seals, proving packs, deflating. They start
 * when there is something to do and end by themselves. What fails there is thrown here as the function would throw it.
 */
export interface SideThreads {
  /** `unsealChunk`. The chunk's bytes are given away. */
  unseal(chunk: SealedChunk, options?: { recheck?: boolean }): Promise<Buffer>
  /** `provePack`. The bytes are given away; the same come back with the table. */
  prove(pack: string, data: Uint8Array): Promise<{ table: PackTable; data: Buffer }>
  /** `deflatePiece`. The bytes are copied. */
  deflate(piece: Uint8Array, how: DeflateRequest): Promise<Deflated>
  /** How much can be under way at once without waiting. */
  readonly size: number
  /** Ends the threads; what is under way fails with `ABORTED`. Later work starts threads again. */
  close(): Promise<void>
}

type Bytes = Uint8Array<ArrayBuffer>

/** The bytes of requests and answers are handed over. */
export interface SideThread {
  setup: RepositoryKeys
  requests: {
    unseal(request: { chunk: SealedChunk; recheck: boolean }): Bytes
    prove(request: { pack: string; data: Bytes }): { table: PackTable; data: Bytes }
    deflate(request: { piece: Bytes; how: DeflateRequest }): { bytes: Bytes; checksum: number }
  }
  notices: Record<never, never>
  reports: Record<never, never>
}

export function createSideThreads(keys: RepositoryKeys): SideThreads {
  const most = Math.max(1, Math.min(4, availableParallelism() - 1))
  const pool = createThreadPool(most, () =>
    startThread<SideThread>(siblingModule(import.meta.url, 'side-worker'), {
      name: 'side worker',
      setup: keys,
      heap: { old: 64, young: 8 },
      reports: {},
    }),
  )
  return {
    size: pool.size,
    async unseal(chunk, { recheck = false } = {}) {
      const data = withOwnMemory(chunk.data)
      return asBuffer(await pool.request('unseal', { chunk: { ...chunk, data }, recheck }, [data.buffer]))
    },
    async prove(pack, given) {
      const proven = withOwnMemory(given)
      const { table, data } = await pool.request('prove', { pack, data: proven }, [proven.buffer])
      return { table, data: asBuffer(data) }
    },
    async deflate(given, how) {
      const piece = Uint8Array.from(given)
      const { bytes, checksum } = await pool.request('deflate', { piece, how }, [piece.buffer])
      return { bytes: asBuffer(bytes), checksum }
    },
    close: pool.close,
  }
}

const asBuffer = ({ buffer, byteOffset, length }: Bytes): Buffer => Buffer.from(buffer, byteOffset, length)
