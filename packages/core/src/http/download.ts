import { PassThrough, Readable } from 'node:stream'
import type { Download } from '../engine/operations-type.ts'
import { askedRange } from './byte-range.ts'
import { HttpProblem } from './problem.ts'
import type { RouteContext } from './route.ts'
import { countStream } from './streams.ts'

/**
 * Streams a download as it is written; nobody reads ahead of the client. What fails before the first byte becomes a
 * problem; what fails later breaks the transfer off, so that no client takes a part for the whole.
 *
 * `onComplete` is called by a transfer that has reached the end of the file.
 */
export async function sendDownload(
  { request, signal, settings }: RouteContext<unknown, unknown>,
  open: (signal: AbortSignal) => Promise<Download>,
  onComplete: () => void,
): Promise<Response> {
  const left = new AbortController()
  const until = AbortSignal.any([signal, left.signal])
  const download = await open(until)
  const { status, headers, range } = part(request, download)
  if (request.method === 'HEAD') return new Response(null, { headers })
  const release = countStream(settings)
  const stream = new PassThrough({ highWaterMark: 256 << 10 })
  const written = download.write(stream, until, range)
  const begun = new Promise<void>((resolve) => stream.once('readable', resolve))
  written
    .then(
      () => {
        stream.end()
        if (!range || range.end === download.parts?.size) onComplete()
      },
      (error: unknown) => stream.destroy(error instanceof Error ? error : new Error(String(error))),
    )
    .finally(release)
  // Destroyed by the client leaving, or by the error above: either way the work ends.
  stream.on('error', () => {})
  stream.once('close', () => left.abort())
  await Promise.race([begun, written])
  return new Response(Readable.toWeb(stream) as ReadableStream<Uint8Array>, { status, headers })
}

/** What of the file is sent, and what is said of it. */
function part({ method, headers: asked }: Request, download: Download) {
  const common = {
    'content-type': download.content_type,
    'content-disposition': contentDisposition(download.file_name),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
  if (!download.parts) return { status: 200, headers: { ...common, 'accept-ranges': 'none' } }
  const { size, tag } = download.parts
  const etag = `"${tag}"`
  // Compressed on the way it would have another length.
  const sized = { ...common, 'accept-ranges': 'bytes', etag, 'cache-control': 'no-store, no-transform' }
  const given = { range: method === 'GET' ? asked.get('range') : null, ifRange: asked.get('if-range') }
  const range = askedRange(given, { size, etag })
  if (range === 'unsatisfiable')
    throw new HttpProblem(416, 'range_not_satisfiable', `The file has ${size} bytes.`, {
      headers: { 'content-range': `bytes */${size}` },
    })
  if (!range) return { status: 200, headers: { ...sized, 'content-length': String(size) } }
  const { start, end } = range
  const headers = {
    ...sized,
    'content-length': String(end - start),
    'content-range': `bytes ${start}-${end - 1}/${size}`,
  }
  return { status: 206, headers, range }
}

/** The name for clients that know RFC 6266, and a plain one for the others. */
function contentDisposition(fileName: string): string {
  const plain = fileName.replace(/[^A-Za-z0-9._-]/g, '_')
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(fileName)}`
}
