import { createHash } from 'node:crypto'
import { PassThrough, type Readable, Writable } from 'node:stream'
import type { SentFile } from '../actions/backups/download.ts'
import { askedRange } from './byte-range.ts'
import { HttpProblem } from './problem.ts'
import type { RouteContext } from './route.ts'
import { countOpen } from './streams.ts'

/**
 * Streams a download as it is written; no part is read before the client asks for it. A failure before the first byte
 * becomes a problem; a later one ends the transfer, so that no client takes a part for the whole.
 *
 * `onComplete` is called by a transfer that has reached the end of the file.
 */
export async function sendDownload(
  context: RouteContext<unknown, unknown>,
  open: () => Promise<SentFile>,
  onComplete: () => void,
): Promise<Response> {
  const { request, signal } = context
  const left = new AbortController()
  const until = AbortSignal.any([signal, left.signal])
  const download = await open()
  const { status, headers: plain, range } = part(request, download)
  const headers: Record<string, string> = { ...plain }
  if (wantsDigest(request)) headers['repr-digest'] = await digestOf(download, until)
  if (request.method === 'HEAD') return new Response(null, { headers })
  const release = countOpen('downloads', context)
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
  return new Response(bodyOf(stream), { status, headers })
}

/**
 * The stream as the body of a response. Node's own `Readable.toWeb` throws outside of every promise, which ends the process,
 * where a body is cancelled while something is in the stream.
 */
function bodyOf(stream: Readable): ReadableStream<Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value as Uint8Array)
      },
      cancel: () => void stream.destroy(),
    },
    { highWaterMark: 0 },
  )
}

/** RFC 9530. Who does not ask does not wait: the file is written once more for it. */
function wantsDigest({ headers }: Request): boolean {
  return /(^|,)\s*sha-256\s*(=\s*([1-9]|10)\s*)?(,|$)/i.test(headers.get('want-repr-digest') ?? '')
}

async function digestOf(download: SentFile, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const sink = new Writable({
    highWaterMark: 256 << 10,
    write(bytes: Buffer, _, done) {
      hash.update(bytes)
      done()
    },
  })
  await download.write(sink, signal)
  await new Promise<void>((resolve) => sink.end(resolve))
  return `sha-256=:${hash.digest('base64')}:`
}

/** What of the file is sent, and what is said of it. */
function part({ method, headers: asked }: Request, download: SentFile) {
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
