import { addAbortSignal, type Readable } from 'node:stream'
import { maximumObjectBytes } from './names.ts'
import { RemoteError } from './remote-errors.ts'

/** Reads a body of known length into one buffer. Fails where it has another length: never fewer bytes than announced. */
export async function readBody(stream: Readable, bytes: number, signal: AbortSignal): Promise<Buffer> {
  if (!(bytes >= 0 && bytes <= maximumObjectBytes)) {
    stream.destroy()
    throw new RemoteError('failed', `an answer of ${bytes} bytes is none of ours`)
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
