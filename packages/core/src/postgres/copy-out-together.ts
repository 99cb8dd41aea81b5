import type { CopySink } from './copy-reader.ts'
import type { Session } from './session.ts'

/** One `COPY ... TO STDOUT` of many. */
export interface CopyTogether {
  sql: string
  /** Its bytes, as for `copyOut`. */
  onData: CopySink
  /** After its last byte: the server's own count of rows. */
  onEnd(rows: number): void
}

/**
 * Runs many `COPY ... TO STDOUT` as one query, one after the other in their order. Where one fails those after it are not
 * run; `onFailed` hears which one it was before the promise rejects. The session must have been opened with `copyReader`.
 */
export async function copyOutTogether(
  session: Session,
  copies: readonly CopyTogether[],
  onFailed: (position: number) => void = () => {},
): Promise<void> {
  const reader = session.copyReader!
  const submission = new CopiesSubmission(copies)
  reader.setSink(
    (bytes) => submission.current?.onData(bytes),
    () => void session.cancel(),
  )
  const lost = () => submission.handleError(new Error('Connection terminated'))
  session.ended.addEventListener('abort', lost, { once: true })
  try {
    // pg takes any object with `submit` as a query; its types only know the ones it comes with.
    session.client.query(submission as unknown as Parameters<typeof session.client.query>[0])
    if (session.ended.aborted) lost()
    await submission.done.promise.catch(async (error: unknown) => {
      onFailed(submission.ended)
      // What the consumer has thrown explains a cancelled COPY better than PostgreSQL does.
      if (!session.ended.aborted) await reader.settled()
      throw session.translate(error, 'reading rows')
    })
    await reader.settled()
  } finally {
    session.ended.removeEventListener('abort', lost)
    reader.setSink(null)
  }
}

/** The query object pg drives; its method names are pg's. Rows do not come here: the reader takes them out before. */
class CopiesSubmission {
  readonly done = Promise.withResolvers<void>()
  /** How many have ended. */
  ended = 0
  callback = () => {}
  private readonly copies: readonly CopyTogether[]

  constructor(copies: readonly CopyTogether[]) {
    this.copies = copies
  }

  get current(): CopyTogether | undefined {
    return this.copies[this.ended]
  }

  submit(connection: { query(text: string): void }): void {
    connection.query(this.copies.map(({ sql }) => `${sql};`).join('\n'))
  }

  /** In the order of the protocol: all bytes of a COPY were handed on before its end is told, none of the next. */
  handleCommandComplete({ text }: { text: string }): void {
    const rows = /^COPY (\d+)$/.exec(text)
    if (!rows) return
    this.current?.onEnd(Number(rows[1]))
    this.ended++
  }

  /** pg's last word on a query that failed: it keeps the ReadyForQuery after an error to itself. */
  handleError(error: unknown): void {
    this.done.reject(error)
  }

  handleReadyForQuery(): void {
    this.done.resolve()
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleCopyData(): void {}
  handleEmptyQuery(): void {}
}
