import { EngineError, isEngineError } from '../../errors.ts'
import type { RowMask } from '../../masking/column-mask.ts'
import type { RowMasker } from '../../masking/row-masker.ts'
import { type CopyIn, copyIn } from '../../postgres/copy-in.ts'
import { copyInTogether } from '../../postgres/copy-in-together.ts'
import { openSession, type Session } from '../../postgres/session.ts'
import type { SealedChunk } from '../../repository/chunks/sealed-chunk.ts'
import { unsealChunk } from '../../repository/chunks/sealed-chunk.ts'
import { freeBuffer } from '../../threads/free-buffer.ts'
import { fromPlainError, toPlainError } from '../../threads/plain-error.ts'
import { openThreadSide } from '../../threads/serve-thread.ts'
import type { Copied, CopiesRequest, CopyRequest, RestoreThread } from './worker-protocol.ts'

/**
 * The thread behind restore-session.ts: one session, fed with sealed chunks, which are authenticated, decompressed and
 * written as COPY data here, so that the host's event loop does none of it.
 */
const thread = openThreadSide<RestoreThread>()
const { parameters, keys, application } = thread.setup

const aborting = new AbortController()
const interrupted = () => new EngineError('ABORTED', 'Interrupted.')
/** Chunks that have come and are not worked off; `end` and `incomplete` end a stream of them. */
const chunks: (SealedChunk | 'end' | 'incomplete')[] = []
let wake: (() => void) | undefined
let onAnother: ((answer: RestoreThread['notices']['another']) => void) | undefined
let opened: Session | undefined

thread.serve({
  requests: {
    async open() {
      opened = await openSession(parameters, { application, signal: aborting.signal })
      // The same for every database: what a restore writes is durable at the latest with the commit that makes it live.
      await opened.query('SET synchronous_commit = off')
      return { backendPid: opened.backendPid }
    },
    async run(statements) {
      let rows: unknown[] = []
      for (const { sql, values } of statements) rows = await session().query(sql, values)
      return rows
    },
    copy,
    copyTogether,
    close: () => session().close(),
  },
  notices: {
    chunk: push,
    endOfChunks: ({ complete }) => push(complete ? 'end' : 'incomplete'),
    another: (answer) => onAnother?.(answer),
    abort() {
      aborting.abort()
      push('incomplete')
      onAnother?.({ error: toPlainError(interrupted()) })
    },
  },
})

function session(): Session {
  if (!opened) throw new EngineError('INTERNAL', 'The worker has no session.')
  return opened
}

async function copy(request: CopyRequest): Promise<Copied> {
  const { query } = session()
  const stream = { ended: false }
  try {
    const masker = request.mask && (await openMasker(request.mask))
    const rewriters = [...(await openChoosers(request)), ...(masker ? [masker] : [])]
    for (const sql of request.before) await query(sql)
    const target = request.sql === null ? null : await copyIn(session(), request.sql)
    const bytes = await writeChunks(request, stream, { target, rewriters }).catch(async (error: unknown) => {
      await Promise.resolve(target?.fail(error instanceof Error ? error : new Error(String(error)))).catch(() => {})
      throw error
    })
    const rows = target ? (await target.end()).rows : 0
    if (target && request.rows !== null && rows !== request.rows) {
      throw wrongRows(request.name, rows, request.rows)
    }
    for (const sql of request.after) await query(sql)
    return { rows, bytes, ...(masker ? { canaries: masker.canaries() } : {}) }
  } finally {
    if (!stream.ended) await discardChunks()
  }
}

/** All chunks are opened before the first row is sent. */
async function copyTogether({ sql, copies }: CopiesRequest): Promise<void> {
  const texts = copies.map(({ name, bytes, chunks }) => {
    const plain = Buffer.concat(chunks.map((chunk) => unsealChunk(keys, chunk)))
    if (plain.length !== bytes) throw wrongBytes(name, plain.length, bytes)
    return plain
  })
  const loaded = await copyInTogether(session(), sql, texts)
  for (const [position, { name, rows }] of copies.entries())
    if (loaded[position] !== rows) throw wrongRows(name, loaded[position], rows)
}

/** Writes the chunks of one stream, and returns their bytes; `stream.ended` says whether its last one has come. */
async function writeChunks(
  { name, bytes: expected }: CopyRequest,
  stream: { ended: boolean },
  { target, rewriters }: { target: CopyIn | null; rewriters: readonly Rewriter[] },
): Promise<number> {
  let bytes = 0
  for (;;) {
    const chunk = await nextChunk()
    stream.ended = typeof chunk === 'string'
    if (chunk === 'end') break
    if (chunk === 'incomplete') throw interrupted()
    const plain = await openChunk(chunk)
    freeBuffer(chunk.data)
    const { length } = plain
    if (rewriters.length > 0) {
      const rewritten = rewriters.reduce((piece, one) => one.push(piece), plain)
      if (rewritten.length > 0) await target?.write(rewritten)
      freeBuffer(plain)
    } else await target?.write(plain, () => freeBuffer(plain))
    bytes += length
    thread.report('workedOff', length)
  }
  if (expected !== null && bytes !== expected) {
    throw wrongBytes(name, bytes, expected)
  }
  for (const { open, rows, expectedRows = rows } of rewriters) {
    if (open) throw mismatch(`${name} ends within a row.`)
    if (rows !== expectedRows)
      throw mismatch(`${name} has ${rows} rows in its chunks, not ${expectedRows} as recorded.`)
  }
  return bytes
}

/** What makes other COPY text of the text of rows, cut anywhere. What it returns shares no memory with the piece. */
interface Rewriter {
  push(piece: Buffer): Buffer
  readonly open: boolean
  /** Rows that have come, where it counts them. */
  readonly rows?: number
  expectedRows?: number
}

/** What leaves rows out, or reads them, before anything else is done to them. */
async function openChoosers({ choose, scan }: CopyRequest): Promise<Rewriter[]> {
  if (choose) {
    const { createRowFilter } = await import('../../masking/row-choice.ts')
    return [Object.assign(createRowFilter(choose.bits, choose.first), { expectedRows: choose.rows })]
  }
  if (!scan) return []
  const { createFactScanner } = await import('../../masking/row-facts.ts')
  return [Object.assign(createFactScanner(scan.of, scan), { expectedRows: scan.rows })]
}

/** Loaded only where there is something to mask. */
async function openMasker(mask: RowMask): Promise<RowMasker> {
  const { createRowMasker } = await import('../../masking/row-masker.ts')
  return createRowMasker(mask)
}

/** What is left of a stream that failed is not taken for the beginning of the next one. */
async function discardChunks(): Promise<void> {
  thread.report('refused', undefined)
  while (typeof (await nextChunk()) === 'object') thread.report('workedOff', 0)
}

/** For a damaged chunk another is asked for: there can be a good version in another pack, or in a copy. */
async function openChunk(chunk: SealedChunk): Promise<Buffer> {
  try {
    return unsealChunk(keys, chunk)
  } catch (error) {
    if (!isEngineError(error, 'REPOSITORY_DAMAGED')) throw error
    const another = Promise.withResolvers<RestoreThread['notices']['another']>()
    onAnother = another.resolve
    thread.report('damaged', chunk.id)
    const answer = await another.promise
    onAnother = undefined
    if ('error' in answer) throw fromPlainError(answer.error)
    if (answer.chunk.id !== chunk.id) throw error
    return unsealChunk(keys, answer.chunk)
  }
}

function push(chunk: SealedChunk | 'end' | 'incomplete'): void {
  chunks.push(chunk)
  wake?.()
}

async function nextChunk(): Promise<SealedChunk | 'end' | 'incomplete'> {
  for (;;) {
    const chunk = chunks.shift()
    if (chunk !== undefined) return chunk
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
}

function wrongRows(name: string, rows: number | undefined, expected: number): EngineError {
  return mismatch(`${name} got ${rows} rows, not ${expected} as the backup counted.`)
}

function wrongBytes(name: string, bytes: number, expected: number): EngineError {
  return mismatch(`${name} has ${bytes} bytes in its chunks, not ${expected} as recorded.`)
}

function mismatch(message: string): EngineError {
  return new EngineError('ROW_COUNT_MISMATCH', message, {
    advice: 'Run {backups.verify} on the backup and restore another backup until then.',
  })
}
