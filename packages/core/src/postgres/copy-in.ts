import type { Socket } from 'node:net'
import { EngineError } from '../errors.ts'
import type { Session } from './session.ts'

/** A running `COPY ... FROM STDIN`. */
export interface CopyIn {
  /**
   * Sends bytes of COPY text, cut anywhere. Returns a promise when enough is on its way and the caller should wait for
   * it before the next write; rejects when the server has refused something already sent. The bytes must not be
   * changed until a later promise has resolved or `end` has, or until `onSent` is called: it is at most once, and not
   * where the bytes were dropped because the COPY had failed.
   */
  write(bytes: Uint8Array, onSent?: () => void): Promise<void> | undefined
  /** Ends the data and gives the number of rows the server stored. */
  end(): Promise<{ rows: number }>
  /** Makes the COPY fail on the server with this message. Resolves when it has; the session stays usable. */
  fail(error: Error): Promise<void>
}

/** Data that may be under way before `write` asks its caller to wait, in bytes. */
const sendAheadBytes = 4 * 1024 * 1024

/** Starts `COPY ... FROM STDIN`. Errors of the server surface in `write` or `end`, as EngineErrors. */
export function copyIn(session: Session, sql: string): CopyIn {
  const submission = new CopyInSubmission(sql)
  // pg takes any object with `submit` as a query; its types only know the ones it comes with.
  session.client.query(submission as unknown as Parameters<typeof session.client.query>[0])
  const failed = () => session.translate(submission.error, 'loading rows')
  session.ended.addEventListener('abort', () => submission.connectionLost(), { once: true })
  if (session.ended.aborted) submission.connectionLost()
  return {
    write(bytes, onSent) {
      if (submission.error) return Promise.reject(failed())
      submission.send({ bytes, onSent })
      return submission.unsentBytes > sendAheadBytes
        ? submission.drained().then(() => {
            if (submission.error) throw failed()
          })
        : undefined
    },
    async end() {
      submission.finish()
      await submission.done
      if (submission.error) throw failed()
      return { rows: submission.rows }
    },
    async fail(error) {
      submission.abandon(error.message)
      await submission.done
    },
  }
}

interface Block {
  bytes: Uint8Array
  onSent: (() => void) | undefined
}

interface CopyConnection {
  stream: Socket
  query(text: string): void
  endCopyFrom(): void
  sendCopyFail(message: string): void
}

/** The query object pg drives; its method names are pg's. */
class CopyInSubmission {
  readonly done: Promise<void>
  rows = 0
  error: unknown
  callback = () => {}
  private readonly text: string
  private resolveDone: () => void = () => {}
  private connection: CopyConnection | undefined
  private ready = false
  private settled = false
  private ended: 'done' | { message: string } | undefined
  private early: Block[] = []
  private earlyBytes = 0
  private waiting: (() => void)[] = []

  constructor(text: string) {
    this.text = text
    this.done = new Promise((resolve) => {
      this.resolveDone = resolve
    })
  }

  get unsentBytes(): number {
    return this.earlyBytes + (this.connection?.stream.writableLength ?? 0)
  }

  send(block: Block): void {
    if (block.bytes.length === 0 || this.error) return
    if (this.ready) this.sendNow(block)
    else {
      this.early.push(block)
      this.earlyBytes += block.bytes.length
    }
  }

  finish(): void {
    this.ended ??= 'done'
    this.sendEnd()
  }

  abandon(message: string): void {
    this.ended ??= { message: message.slice(0, 1000) }
    this.early = []
    this.earlyBytes = 0
    this.sendEnd()
  }

  drained(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve))
  }

  connectionLost(): void {
    if (this.settled) return
    this.handleError(new EngineError('DATABASE_UNREACHABLE', 'The connection ended while rows were loading.'))
  }

  submit(connection: CopyConnection): void {
    this.connection = connection
    connection.query(this.text)
  }

  handleCopyInResponse(connection: CopyConnection): void {
    this.ready = true
    connection.stream.on('drain', this.wake)
    for (const block of this.early.splice(0)) this.sendNow(block)
    this.earlyBytes = 0
    if (this.ended) this.sendEnd()
    if (connection.stream.writableLength === 0) this.wake()
  }

  handleCommandComplete(message: { text: string }): void {
    const rows = /^COPY (\d+)$/.exec(message.text)
    if (rows) this.rows = Number(rows[1])
    else this.error ??= new EngineError('INTERNAL', 'The statement given to copyIn is not COPY ... FROM STDIN.')
  }

  /** pg's last word on a query that failed: it keeps the ReadyForQuery after an error to itself. */
  handleError(error: unknown): void {
    this.error ??= error
    this.settle()
  }

  handleReadyForQuery(): void {
    this.settle()
  }

  // What else a statement that is no COPY could answer.
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {
    this.error ??= new EngineError('INTERNAL', 'The statement given to copyIn is empty.')
  }

  private settle(): void {
    this.ready = false
    this.settled = true
    this.early = []
    this.earlyBytes = 0
    this.connection?.stream.off('drain', this.wake)
    this.wake()
    this.resolveDone()
  }

  private readonly wake = (): void => {
    for (const resolve of this.waiting.splice(0)) resolve()
  }

  private sendNow({ bytes, onSent }: Block): void {
    const { stream } = this.connection!
    const header = Buffer.allocUnsafe(5)
    header[0] = 0x64
    header.writeUInt32BE(bytes.length + 4, 1)
    stream.cork()
    stream.write(header)
    stream.write(bytes, (error) => {
      if (!error) onSent?.()
    })
    stream.uncork()
  }

  private sendEnd(): void {
    if (!this.ready || !this.connection || !this.ended || this.error) return
    this.ready = false
    if (this.ended === 'done') this.connection.endCopyFrom()
    else this.connection.sendCopyFail(this.ended.message)
  }
}
