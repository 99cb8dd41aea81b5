import { addAbortSignal, type Readable } from 'node:stream'
import { ObjectTooLong, RemoteError } from './remote-errors.ts'

/**
 * Reads a body of known length, at most `limit` bytes, into one buffer. Fails where it has another length: never fewer bytes
 * than announced.
 */
export async function readBody(stream: Readable, bytes: number, limit: number, signal: AbortSignal): Promise<Buffer> {
  if (!(bytes >= 0 && bytes <= limit)) {
    stream.destroy()
    throw bytes > limit ? new ObjectTooLong(bytes) : new RemoteError('failed', 'the answer does not say its length')
  }
  addAbortSignal(signal, stream)
  const data = Buffer.allocUnsafeSlow(bytes)
  let at = 0
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    if (at + chunk.byteLength > bytes) throw new RemoteError('failed', 'the answer is longer than announced')
    data.set(chunk, at)
    at += chunk.byteLength
  }
  if (at < bytes) throw new RemoteError('failed', `the answer broke off after ${at} of ${bytes} bytes`)
  return data
}
