import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { answerNodeRequest, type Handler, type NodeRequest } from '@lifeboat/core/http'
import { afterEach, expect, test, vi } from 'vitest'
import { startStopwatch } from '../../packages/core/src/testing/stopwatch.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function serve(handler: Handler, known: NodeRequest = {}): Promise<number> {
  const server = createServer((request, response) => void answerNodeRequest(handler, request, response, known))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 60_000, interval: 10 })

test('a client that does not read is not written to without end, and one that leaves ends the work', async () => {
  let produced = 0
  let cancelled = false
  let signal: AbortSignal | undefined
  const port = await serve(async (request) => {
    signal = request.signal
    return new Response(
      new ReadableStream({
        pull(controller) {
          produced += 1 << 20
          controller.enqueue(new Uint8Array(1 << 20))
        },
        cancel() {
          cancelled = true
        },
      }),
    )
  })
  const socket = connect(port, '127.0.0.1')
  socket.pause()
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await until(() => expect(produced).toBeGreaterThan(0))
  for (let before = 0; before < produced && produced < 32 << 20; ) {
    before = produced
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  expect(produced).toBeLessThan(32 << 20)
  expect(signal?.aborted).toBe(false)
  socket.destroy()
  await until(() => expect([signal?.aborted, cancelled]).toEqual([true, true]))
})

test('a client that leaves while the answer is being made is noticed', async () => {
  let left: Promise<void> | undefined
  const port = await serve((request) => {
    left = new Promise((resolve) => request.signal.addEventListener('abort', () => resolve()))
    return left.then(() => new Response('too late'))
  })
  const socket = connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await until(() => expect(left).toBeDefined())
  socket.destroy()
  await left
})

test('a stream that fails breaks the transfer off instead of ending it', async () => {
  const port = await serve(async () => {
    let pulls = 0
    return new Response(
      new ReadableStream({
        pull(controller) {
          if (pulls++ === 0) controller.enqueue(new TextEncoder().encode('the first half'))
          else controller.error(new Error('the source is gone'))
        },
      }),
    )
  })
  const response = await fetch(`http://127.0.0.1:${port}/`)
  expect(response.status).toBe(200)
  await expect(response.text()).rejects.toThrow()
})

test('requests arrive as they were sent: path, query, headers and body', async () => {
  const port = await serve(async (request, connection) => {
    const { pathname, search } = new URL(request.url)
    const text = await request.text()
    return Response.json(
      { pathname, search, text, header: request.headers.get('x-test'), address: connection?.address },
      {
        headers: [
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ],
      },
    )
  })
  const response = await fetch(`http://127.0.0.1:${port}/a%20b/?q=%C3%A9`, {
    method: 'POST',
    headers: { 'x-test': 'yes' },
    body: 'é'.repeat(100_000),
  })
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  expect(await response.json()).toEqual({
    pathname: '/a%20b/',
    search: '?q=%C3%A9',
    text: 'é'.repeat(100_000),
    header: 'yes',
    address: '127.0.0.1',
  })
})

test.each(['a b', '[', 'x/../y', ''])(
  'a Host that is none (%j) does not keep a request from being answered',
  async (host) => {
    const port = await serve(async (request) => new Response(new URL(request.url).pathname))
    const answer = await new Promise<string>((resolve) => {
      let text = ''
      const socket = connect(port, '127.0.0.1')
      socket.on('data', (data) => {
        text += data
      })
      socket.on('close', () => resolve(text))
      socket.write(`GET /path HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    })
    expect(answer).toMatch(/^HTTP\/1\.1 (200|400)/)
  },
)

test('closing the server ends a stream that would go on for ever', async () => {
  const port = await serve(
    async (_, connection) =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode('x'))
            connection?.closing?.addEventListener('abort', () => controller.close())
          },
        }),
      ),
  )
  const response = await fetch(`http://127.0.0.1:${port}/`)
  const text = response.text()
  const server = servers.pop() as Server
  const stopwatch = startStopwatch()
  await new Promise((resolve) => server.close(resolve))
  expect(await text).toBe('x')
  expect(stopwatch.milliseconds()).toBeLessThan(2000)
})
