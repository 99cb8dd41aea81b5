import { to as copyTo } from 'pg-copy-streams'
import type { CopySink } from './copy-reader.ts'
import type { Session } from './session.ts'

export interface CopyOutResult {
  /** As counted by the server: the figure of its `COPY n`. */
  rows: number
  bytes: number
}

/**
 * Runs `COPY ... TO STDOUT` and hands its bytes, rows of text ending in a newline and cut anywhere, to `onData`.
 *
 * The bytes are valid only until `onData` returns. A consumer that cannot keep up returns a promise: reading stops
 * until it settles, the server waits, and the bytes stay valid until then. When `onData` throws, the COPY is cancelled
 * and the promise rejects with what was thrown; the session can be used again (inside a transaction after ROLLBACK).
 *
 * Opened with `copyReader`, a session does this in place (copy-reader.ts); others go through pg-copy-streams.
 */
export async function copyOut(session: Session, sql: string, onData: CopySink): Promise<CopyOutResult> {
  return session.copyReader ? copyThroughReader(session, sql, onData) : copyThroughStream(session, sql, onData)
}

async function copyThroughReader(session: Session, sql: string, onData: CopySink): Promise<CopyOutResult> {
  const reader = session.copyReader!
  reader.setSink(onData, () => void session.cancel())
  // A consumer that never comes back must not keep an abort waiting.
  const consumed = () => Promise.race([reader.settled(), endOf(session)])
  try {
    const result = await session.client.query(sql).catch(async (error: unknown) => {
      // The consumer's own error explains a cancelled COPY better than PostgreSQL does.
      await consumed()
      throw session.translate(error, 'reading rows')
    })
    await consumed()
    return { rows: result.rowCount ?? 0, bytes: reader.bytes }
  } finally {
    reader.setSink(null)
  }
}

function endOf(session: Session): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => reject(session.translate(new Error('Connection terminated'), 'reading rows'))
    if (session.ended.aborted) end()
    else session.ended.addEventListener('abort', end, { once: true })
  })
}

async function copyThroughStream(session: Session, sql: string, onData: CopySink): Promise<CopyOutResult> {
  const stream = session.client.query(copyTo(sql))
  let bytes = 0
  let failure: { error: unknown } | undefined
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      bytes += piece.length
      // After a failure the rest is read and dropped, so that the session stays usable.
      if (failure) continue
      try {
        await onData(piece)
      } catch (error) {
        failure = { error }
        void session.cancel()
      }
    }
  } catch (error) {
    throw failure ? failure.error : session.translate(error)
  }
  if (failure) throw failure.error
  return { rows: stream.rowCount, bytes }
}
