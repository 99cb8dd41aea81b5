import type { Socket } from 'node:net'
import { EngineError } from '../errors.ts'
import type { Session } from './session.ts'

/**
 * Runs one query with many `COPY ... FROM STDIN`, and gives the number of rows the server stored for each, in their order.
 * The texts follow the query at once, without waiting until the server asks for each: what comes after one that it refused
 * it passes over. For small texts: all of them are handed to the socket together.
 */
export async function copyInTogether(session: Session, sql: string, texts: readonly Uint8Array[]): Promise<number[]> {
  const submission = new CopiesSubmission(sql, texts)
  const lost = () =>
    submission.handleError(new EngineError('DATABASE_UNREACHABLE', 'The connection ended while rows were loading.'))
  session.ended.addEventListener('abort', lost, { once: true })
  try {
    // pg takes any object with `submit` as a query; its types only know the ones it comes with.
    session.client.query(submission as unknown as Parameters<typeof session.client.query>[0])
    if (session.ended.aborted) lost()
    return await submission.done.promise
  } catch (error) {
    throw session.translate(error, 'loading rows')
  } finally {
    session.ended.removeEventListener('abort', lost)
  }
}

interface CopyConnection {
  stream: Socket
  query(text: string): void
}

const copyData = 0x64
const copyDone = 0x63

/** The query object pg drives; its method names are pg's. */
class CopiesSubmission {
  readonly done = Promise.withResolvers<number[]>()
  callback = () => {}
  private readonly text: string
  private readonly texts: readonly Uint8Array[]
  private readonly rows: number[] = []

  constructor(text: string, texts: readonly Uint8Array[]) {
    this.text = text
    this.texts = texts
  }

  submit(connection: CopyConnection): void {
    const { stream } = connection
    stream.cork()
    connection.query(this.text)
    for (const text of this.texts) stream.write(framed(text))
    stream.uncork()
  }

  handleCopyInResponse(): void {}

  handleCommandComplete({ text }: { text: string }): void {
    const rows = /^COPY (\d+)$/.exec(text)
    if (rows) this.rows.push(Number(rows[1]))
  }

  /** pg's last word on a query that failed: it keeps the ReadyForQuery after an error to itself. */
  handleError(error: unknown): void {
    this.done.reject(error)
  }

  handleReadyForQuery(): void {
    this.done.resolve(this.rows)
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
}

/** CopyData, where there are bytes, and CopyDone. */
function framed(text: Uint8Array): Buffer {
  const header = text.length > 0 ? 5 : 0
  const bytes = Buffer.allocUnsafe(header + text.length + 5)
  if (header > 0) {
    bytes[0] = copyData
    bytes.writeUInt32BE(text.length + 4, 1)
    bytes.set(text, header)
  }
  bytes[header + text.length] = copyDone
  bytes.writeUInt32BE(4, header + text.length + 1)
  return bytes
}
