import { Readable } from 'node:stream'
import { HttpProblem } from './problem.ts'
import type { RouteContext } from './route.ts'

/**
 * The body of a request as a stream that is read as fast as it is taken. 403 `uploads_off` where the host has not enabled
 * uploads, 413 `too_large`, 415 `unsupported_media_type`: a form, which any page of any site can send, is none.
 */
export function uploadedFile({
  request,
  settings,
}: Pick<RouteContext<unknown, unknown>, 'request' | 'settings'>): Readable {
  const { uploads } = settings
  if (!uploads)
    throw new HttpProblem(403, 'uploads_off', 'This server takes no files.', {
      extra: { advice: 'Set `uploads` where the routes are mounted, or import the file where the engine runs.' },
    })
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/octet-stream')
    throw new HttpProblem(415, 'unsupported_media_type', 'The body must be application/octet-stream: the file itself.')
  const { maxBytes } = uploads
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes)
  return Readable.from(limited(request.body ?? [], maxBytes), { objectMode: false })
}

async function* limited(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, maxBytes: number) {
  let bytes = 0
  for await (const piece of body) {
    bytes += piece.byteLength
    if (bytes > maxBytes) throw tooLarge(maxBytes)
    yield piece
  }
}

const tooLarge = (maxBytes: number) =>
  new HttpProblem(413, 'too_large', `The file has more than ${maxBytes} bytes.`, { headers: { connection: 'close' } })
