import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** As much of the JSON API of Google Cloud Storage as a repository uses, in memory. */
export interface GcsFake {
  endpoint: string
  stop(): Promise<void>
}

interface Stored {
  data: Buffer
  updated: string
  generation: number
}

export async function startGcsFake(bucketName: string): Promise<GcsFake> {
  const objects = new Map<string, Stored>()
  let generations = 0

  const describe = (name: string, { data, updated, generation }: Stored) => ({
    kind: 'storage#object',
    bucket: bucketName,
    name,
    size: String(data.length),
    updated,
    generation: String(generation),
  })

  const answer = (response: ServerResponse, status: number, body: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  const fail = (response: ServerResponse, code: number, message: string) =>
    answer(response, code, { error: { code, message, errors: [{ message }] } })

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const match = /^\/(upload\/|download\/)?storage\/v1\/b\/([^/]+)\/o(?:\/([^/]+))?$/.exec(url.pathname)
    // What broke off half-way is no object.
    const body = await readAll(request).catch(() => undefined)
    if (body === undefined) return void response.destroy()
    if (!match) return fail(response, 404, `Not Found: ${url.pathname}`)
    if (match[2] !== bucketName) return fail(response, 404, 'The specified bucket does not exist.')
    const name = match[3] === undefined ? undefined : decodeURIComponent(match[3])
    if (request.method === 'POST') return upload(request, url, body, response)
    if (request.method === 'GET' && name === undefined) return list(url, response)
    const found = objects.get(name ?? '')
    if (!found) return fail(response, 404, `No such object: ${bucketName}/${name}`)
    if (request.method === 'DELETE') {
      objects.delete(name ?? '')
      return void response.writeHead(204).end()
    }
    if (url.searchParams.get('alt') === 'media') return media(request, found, response)
    answer(response, 200, describe(name ?? '', found))
  })

  const upload = (request: IncomingMessage, url: URL, body: Buffer, response: ServerResponse) => {
    const { name, data } = partsOf(request.headers['content-type'] ?? '', body, url)
    const wanted = url.searchParams.get('ifGenerationMatch')
    if (wanted !== null && Number(wanted) !== (objects.get(name)?.generation ?? 0))
      return fail(response, 412, 'At least one of the pre-conditions you specified did not hold.')
    const stored = { data, updated: new Date().toISOString(), generation: ++generations }
    objects.set(name, stored)
    answer(response, 200, describe(name, stored))
  }

  const list = (url: URL, response: ServerResponse) => {
    const prefix = url.searchParams.get('prefix') ?? ''
    const after = url.searchParams.get('pageToken') ?? ''
    const most = Number(url.searchParams.get('maxResults') ?? 1000)
    const names = [...objects.keys()].filter((name) => name.startsWith(prefix) && name > after).sort()
    const page = names.slice(0, most)
    answer(response, 200, {
      kind: 'storage#objects',
      items: page.map((name) => describe(name, objects.get(name) as Stored)),
      ...(names.length > page.length ? { nextPageToken: page.at(-1) } : {}),
    })
  }

  const media = (request: IncomingMessage, { data }: Stored, response: ServerResponse) => {
    const [, first = '', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
    if (first === '') return void response.writeHead(200, { 'content-length': data.length }).end(data)
    if (Number(first) >= data.length) return fail(response, 416, 'The requested range cannot be satisfied.')
    const end = Math.min(last === '' ? data.length : Number(last) + 1, data.length)
    const part = data.subarray(Number(first), end)
    response
      .writeHead(206, {
        'content-length': part.length,
        'content-range': `bytes ${first}-${end - 1}/${data.length}`,
      })
      .end(part)
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

/** multipart/related: the metadata as JSON, then the bytes. */
function partsOf(type: string, body: Buffer, url: URL): { name: string; data: Buffer } {
  const boundary = /boundary="?([^";]+)/.exec(type)?.[1]
  if (boundary === undefined) return { name: url.searchParams.get('name') ?? '', data: body }
  const separator = Buffer.from(`--${boundary}`)
  const first = body.indexOf(separator)
  const second = body.indexOf(separator, first + 1)
  const dataStart = body.indexOf('\r\n\r\n', second) + 4
  const dataEnd = body.lastIndexOf(Buffer.concat([Buffer.from('\r\n'), separator]))
  const metadata = body.subarray(body.indexOf('\r\n\r\n', first) + 4, second).toString()
  const { name = url.searchParams.get('name') ?? '' } = JSON.parse(metadata) as { name?: string }
  return { name, data: Buffer.from(body.subarray(dataStart, dataEnd)) }
}
