/**
 * A process of its own with a store that speaks just enough S3 for a repository, keeps everything in memory and checks
 * nothing: no signature, no checksum. It is there to cost next to nothing, so that what is measured is the client; what it
 * accepts proves nothing. Prints its port.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const objects = new Map<string, { pieces: Buffer[]; bytes: number; at: Date }>()
const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://sink')
  const key = decodeURIComponent(url.pathname.replace(/^\/[^/]*\/?/, ''))
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece))
  request.on('end', () => {
    const found = objects.get(key)
    const end = (status: number, headers: Record<string, string | number> = {}, body?: string) =>
      response.writeHead(status, headers).end(body)
    if (request.method === 'PUT') {
      if (found && request.headers['if-none-match'] === '*')
        return end(412, {}, '<Error><Code>PreconditionFailed</Code></Error>')
      objects.set(key, { pieces, bytes: pieces.reduce((sum, piece) => sum + piece.length, 0), at: new Date() })
      return end(200, { etag: '"1"' })
    }
    if (request.method === 'DELETE') {
      objects.delete(key)
      return end(204)
    }
    if (key === '')
      return end(200, { 'content-type': 'application/xml' }, listing(url.searchParams.get('prefix') ?? ''))
    if (!found) return end(404, {}, request.method === 'HEAD' ? undefined : '<Error><Code>NoSuchKey</Code></Error>')
    const modified = { 'last-modified': found.at.toUTCString(), etag: '"1"' }
    if (request.method === 'HEAD') return end(200, { 'content-length': found.bytes, ...modified })
    const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
    if (Number(first) >= found.bytes && found.bytes > 0) return end(416, {}, '<Error><Code>InvalidRange</Code></Error>')
    const to = Math.min(last === '' ? found.bytes : Number(last) + 1, found.bytes)
    const range = request.headers.range && { 'content-range': `bytes ${first}-${to - 1}/${found.bytes}` }
    response.writeHead(range ? 206 : 200, { 'content-length': to - Number(first), ...modified, ...range })
    let at = 0
    for (const piece of found.pieces) {
      const part = piece.subarray(Math.max(0, Number(first) - at), Math.max(0, to - at))
      if (part.length > 0) response.write(part)
      at += piece.length
    }
    response.end()
  })
})

function listing(prefix: string): string {
  const contents = [...objects].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1))
  return `<ListBucketResult><IsTruncated>false</IsTruncated>${contents
    .map(
      ([key, { bytes, at }]) =>
        `<Contents><Key>${key}</Key><LastModified>${at.toISOString()}</LastModified><Size>${bytes}</Size></Contents>`,
    )
    .join('')}</ListBucketResult>`
}

server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
