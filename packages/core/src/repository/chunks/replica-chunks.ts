import { isEngineError } from '../../errors.ts'
import { log, type Reporter } from '../../events.ts'
import { loadChunkIndex } from '../index/load-index.ts'
import type { Repository } from '../repository.ts'
import type { ChunkIndex } from './chunk-index.ts'
import { fetchCopies } from './fetch-sealed.ts'
import type { SealedChunk } from './sealed-chunk.ts'

/** The copies of a repository, for readers to whom any good chunk will do. */
export interface ReplicaChunks {
  /** A chunk as each copy has it, until the caller has one that is good. A copy out of reach is passed over. */
  fetch(id: string, failures: unknown[], signal?: AbortSignal): AsyncGenerator<SealedChunk>
  /** Whether some copy says that it has the chunk. */
  holds(id: string, signal?: AbortSignal): Promise<boolean>
}

/**
 * Looks for chunks in the copies of a repository. The index of a copy is read when the first chunk is asked for and not
 * before: a copy may have packs of its own, made by its own prune. Tells once of each copy that it is read.
 */
export function createReplicaChunks(repository: Repository, options: { report?: Reporter } = {}): ReplicaChunks {
  const copies = (repository.copies ?? []).map((storage) => ({ ...repository, storage, copies: [] }))
  const opened = new Map<Repository, Promise<ChunkIndex | null>>()
  const told = new Set<Repository>()

  const indexOf = (copy: Repository, failures: unknown[], signal?: AbortSignal) => {
    const index = opened.get(copy) ?? readIndex(copy, failures, signal)
    opened.set(copy, index)
    return index
  }
  return {
    async *fetch(id, failures, signal) {
      for (const copy of copies) {
        const index = await indexOf(copy, failures, signal)
        if (index === null) continue
        try {
          for await (const sealed of fetchCopies({ repository: copy, index, signal }, id, failures)) {
            if (!told.has(copy))
              log(options.report, 'warning', `What ${repository.storage.location} cannot give is read from its copy.`, {
                copy: copy.storage.location,
                chunk: id,
              })
            told.add(copy)
            yield sealed
          }
        } catch (error) {
          pass(error, failures, signal)
        }
      }
    },
    async holds(id, signal) {
      for (const copy of copies) if ((await indexOf(copy, [], signal))?.find(id)) return true
      return false
    },
  }
}

async function readIndex(copy: Repository, failures: unknown[], signal?: AbortSignal): Promise<ChunkIndex | null> {
  try {
    return await loadChunkIndex(copy, { signal, readAround: true })
  } catch (error) {
    pass(error, failures, signal)
    return null
  }
}

/** A copy that does not answer is no reason to fail while another one may; what was aborted ends. */
function pass(error: unknown, failures: unknown[], signal: AbortSignal | undefined): void {
  if (signal?.aborted || isEngineError(error, 'ABORTED')) throw error
  failures.push(error)
}
