import { Socket } from 'node:net'

/** Takes COPY data. The bytes are valid until it returns, or until the promise it returns has settled. */
export type CopySink = (bytes: Buffer) => unknown

/**
 * A socket for pg that takes COPY data out of the protocol before pg sees it.
 *
 * Reads land in one preallocated buffer. There, CopyData frames lose their headers in place, and what is left of them
 * goes to the sink in as few pieces as possible; every other byte of the protocol is passed on to pg as a copy, in
 * order. So `client.query('COPY ... TO STDOUT')` works as always and reports the row count, while the rows themselves
 * cost no allocation.
 *
 * Node asks for the buffer of a read before that read happens, so a buffer must not be handed away for longer than the
 * sink's call. A sink that needs more time returns a promise: reading stops until it settles, and nothing overwrites
 * the bytes before.
 */
export interface CopyReader {
  readonly socket: Socket
  /** Sends the data of the next COPY to `sink`; `null` drops it. `onFailure` is told once when the sink has thrown. */
  setSink(sink: CopySink | null, onFailure?: () => void): void
  /** Resolves when nothing the sink returned is pending; rejects with what the sink threw. */
  settled(): Promise<void>
  readonly bytes: number
}

export interface CopyReaderOptions {
  bufferBytes?: number
  /**
   * After a read that left the buffer mostly empty, sleep a millisecond so that the next one brings more: the server
   * sends 8 KB at a time and would wake this thread for each. Blocks the thread, so only for workers with nothing
   * else to do, and only pays on a unix socket.
   */
  napAfterSmallReads?: boolean
}

const copyData = 0x64 // 'd'
const headerBytes = 5

export function createCopyReader(options: CopyReaderOptions = {}): CopyReader {
  const { bufferBytes = 1024 * 1024, napAfterSmallReads = false } = options
  const buffer = Buffer.allocUnsafeSlow(bufferBytes)
  const napCell = new Int32Array(new SharedArrayBuffer(4))
  const header = Buffer.alloc(headerBytes)
  let headerFilled = 0
  /** Payload bytes of the present message that have not come yet. */
  let missing = 0
  let inCopyData = false
  let sink: CopySink | null = null
  let failure: { error: unknown } | undefined
  let pending = 0
  let total = 0
  const waiting: { resolve: () => void; reject: (error: unknown) => void }[] = []

  let tellFailure: (() => void) | undefined
  const fail = (error: unknown) => {
    if (failure) return
    failure = { error }
    sink = null
    tellFailure?.()
  }
  const settle = () => {
    if (pending > 0) return
    for (const { resolve, reject } of waiting.splice(0)) failure ? reject(failure.error) : resolve()
  }
  const deliver = (start: number, end: number) => {
    if (end === start) return
    total += end - start
    if (!sink) return
    try {
      const answer = sink(buffer.subarray(start, end))
      if (!isPromise(answer)) return
      pending++
      answer.then(undefined, fail).then(() => {
        pending--
        settle()
        if (pending === 0) socket.resume()
      })
    } catch (error) {
      fail(error)
    }
  }
  const passOn = (bytes: Buffer) => socket.emit('data', Buffer.from(bytes))

  const onRead = (length: number): boolean => {
    let at = 0
    // Data gathered so far lies in [dataStart, dataEnd); protocol bytes for pg from `protocolStart` on.
    let dataStart = 0
    let dataEnd = 0
    let protocolStart = inCopyData ? -1 : 0
    while (at < length) {
      if (missing === 0 && headerFilled < headerBytes) {
        if (headerFilled === 0) {
          // The kind of message decides who gets it; the switch between the two keeps their order.
          const isData = buffer[at] === copyData
          if (isData && !inCopyData) {
            if (protocolStart >= 0 && protocolStart < at) passOn(buffer.subarray(protocolStart, at))
            protocolStart = -1
          } else if (!isData && inCopyData) {
            deliver(dataStart, dataEnd)
            dataStart = dataEnd = 0
            protocolStart = at
          } else if (!isData && protocolStart < 0) protocolStart = at
          inCopyData = isData
        }
        if (headerFilled === 0 && at + headerBytes <= length) {
          missing = buffer.readUInt32BE(at + 1) - 4
          at += headerBytes
        } else {
          while (headerFilled < headerBytes && at < length) header[headerFilled++] = buffer[at++]!
          if (headerFilled < headerBytes) break
          missing = header.readUInt32BE(1) - 4
        }
        headerFilled = missing === 0 ? 0 : headerBytes
        continue
      }
      const take = Math.min(missing, length - at)
      if (inCopyData) {
        if (dataEnd === dataStart) dataStart = dataEnd = at
        else if (dataEnd !== at) buffer.copyWithin(dataEnd, at, at + take)
        dataEnd += take
      }
      at += take
      missing -= take
      if (missing === 0) headerFilled = 0
    }
    if (inCopyData) deliver(dataStart, dataEnd)
    else if (protocolStart >= 0 && protocolStart < length) passOn(buffer.subarray(protocolStart, length))
    if (napAfterSmallReads && inCopyData && length < bufferBytes / 4) Atomics.wait(napCell, 0, 0, 1)
    return pending === 0
  }

  const socket = new Socket({ onread: { buffer, callback: onRead } } as ConstructorParameters<typeof Socket>[0])
  return {
    socket,
    setSink(next, onFailure) {
      sink = next
      tellFailure = onFailure
      failure = undefined
      total = 0
    },
    settled: () =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject })
        settle()
      }),
    get bytes() {
      return total
    },
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as Promise<unknown> | undefined)?.then === 'function'
}
