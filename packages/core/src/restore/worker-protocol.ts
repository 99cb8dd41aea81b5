import type { ConnectionParameters } from '../postgres/connection.ts'
import type { RepositoryKeys } from '../repository/keys.ts'
import type { PlainError } from '../repository/plain-error.ts'
import type { SealedChunk } from '../repository/sealed-chunk.ts'

/**
 * What the main thread and a restore worker say to each other. A worker is one session on the database being restored
 * and takes one request at a time; each has exactly one answer. Rows cross as sealed chunks: only the worker ever
 * holds them in clear.
 */
export interface RestoreWorkerSetup {
  parameters: ConnectionParameters
  keys: RepositoryKeys
  application: string
}

export type RestoreRequest =
  /** Statements in order, each on its own; the answer has the rows of the last. */
  { type: 'run'; statements: Statement[] } | { type: 'copy'; copy: CopyRequest } | { type: 'close' }

export interface Statement {
  sql: string
  values?: readonly unknown[]
}

/** `before`, then COPY FROM STDIN fed from the chunks that follow as {@link ChunkMessage}s, then `after`. */
export interface CopyRequest {
  before: string[]
  /** `COPY ... FROM STDIN`; null only unseals the chunks, to see that they are good. */
  sql: string | null
  /** What COPY must report, else the request fails with `CENSUS_MISMATCH`; null where nobody knows. */
  rows: number | null
  /** Length of the text; a stream cut short or drawn out fails. */
  bytes: number | null
  after: string[]
  /** For messages: what is loaded. */
  name: string
}

export type ChunkMessage = { type: 'chunk'; chunk: SealedChunk } | { type: 'chunks-end' } | { type: 'chunks-failed' }

/** The answer to `damaged`: another version of the chunk, or why there is none. */
export type AnotherMessage = { type: 'another'; chunk: SealedChunk } | { type: 'another'; error: PlainError }

export type ToRestoreWorker = RestoreRequest | ChunkMessage | AnotherMessage | { type: 'abort' } | { type: 'end' }

export type FromRestoreWorker =
  | { type: 'ready'; backendPid: number }
  | { type: 'answer'; rows: unknown[] }
  | { type: 'copied'; rows: number; bytes: number }
  | { type: 'failed'; error: PlainError }
  /** The COPY has failed: no more chunks, please. The answer follows when the stream has been ended. */
  | { type: 'refused' }
  /** This chunk does not open; the answer is an {@link AnotherMessage}, and until then nothing goes on. */
  | { type: 'damaged'; id: string }
  /** A chunk has been worked off: `bytes` of text. */
  | { type: 'taken'; bytes: number }
