import { PassThrough, Readable } from 'node:stream'
import type { Download } from '../engine/operations-type.ts'
import type { RouteContext } from './route.ts'
import { countStream } from './streams.ts'

export type { Download }

/**
 * Streams a download as it is written; nobody reads ahead of the client. What fails before the first byte becomes a
 * problem; what fails later breaks the transfer off, so that no client takes a part for the whole.
 */
export async function sendDownload(
  { request, signal, settings }: RouteContext<unknown, unknown>,
  download: Download,
  onComplete: () => void,
): Promise<Response> {
  const headers = {
    'content-type': download.content_type,
    'content-disposition': contentDisposition(download.file_name),
    'accept-ranges': 'none',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
  if (request.method === 'HEAD') return new Response(null, { headers })
  const release = countStream(settings)
  const stream = new PassThrough({ highWaterMark: 256 << 10 })
  const left = new AbortController()
  const written = download.write(stream, AbortSignal.any([signal, left.signal]))
  const begun = new Promise<void>((resolve) => stream.once('readable', resolve))
  written
    .then(
      () => {
        stream.end()
        onComplete()
      },
      (error: unknown) => stream.destroy(error instanceof Error ? error : new Error(String(error))),
    )
    .finally(release)
  // Destroyed by the client leaving, or by the error above: either way the work ends.
  stream.on('error', () => {})
  stream.once('close', () => left.abort())
  await Promise.race([begun, written])
  return new Response(Readable.toWeb(stream) as ReadableStream<Uint8Array>, { headers })
}

/** The name for clients that know RFC 6266, and a plain one for the others. */
function contentDisposition(fileName: string): string {
  const plain = fileName.replace(/[^A-Za-z0-9._-]/g, '_')
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(fileName)}`
}
