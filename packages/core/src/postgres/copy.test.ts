import { createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startStopwatch } from '../testing/stopwatch.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { resolveConnection } from './connection.ts'
import { copyIn } from './copy-in.ts'
import { copyOut } from './copy-out.ts'
import { createCopyReader } from './copy-reader.ts'
import { openSession, type Session } from './session.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster.stop())

async function collect(session: Session, sql: string): Promise<{ text: string; rows: number; bytes: number }> {
  const pieces: Buffer[] = []
  const result = await copyOut(session, sql, (bytes: Buffer) => {
    pieces.push(Buffer.from(bytes))
  })
  return { text: Buffer.concat(pieces).toString(), ...result }
}

describe.each([
  ['own reader, TCP', { copyReader: true, socket: false }],
  ['own reader, unix socket, napping', { copyReader: true, socket: true, napAfterSmallReads: true }],
  ['pg-copy-streams', { copyReader: false, socket: false }],
])('copyOut: %s', (_, { socket, ...options }) => {
  let session: Session
  beforeAll(async () => {
    const parameters = resolveConnection(socket ? cluster.socketUrl() : cluster.url())
    session = await openSession(parameters, { application: 'test', ...options })
  })
  afterAll(() => session.close())

  test('no rows, rows without columns, many small rows, and ordinary queries between them', async () => {
    expect(await collect(session, 'COPY (SELECT 1 WHERE false) TO STDOUT')).toEqual({ text: '', rows: 0, bytes: 0 })
    expect(await collect(session, 'COPY (SELECT FROM generate_series(1, 3)) TO STDOUT')).toEqual({
      text: '\n\n\n',
      rows: 3,
      bytes: 3,
    })
    const many = await collect(session, 'COPY (SELECT g, md5(g::text) FROM generate_series(1, 200000) g) TO STDOUT')
    const lines = many.text.split('\n')
    expect(many.rows).toBe(200_000)
    expect(lines).toHaveLength(200_001)
    expect(lines.every((line, index) => line === '' || line.startsWith(`${index + 1}\t`))).toBe(true)
    expect(many.bytes).toBe(many.text.length)
    expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('values larger than any buffer', async () => {
    let bytes = 0
    let first = ''
    const result = await copyOut(
      session,
      `COPY (SELECT repeat('abcdefghij', 10000000), g FROM generate_series(1, 2) g) TO STDOUT`,
      (piece) => {
        if (bytes === 0) first = piece.subarray(0, 12).toString()
        bytes += piece.length
      },
    )
    expect(result).toEqual({ rows: 2, bytes: 2 * (100_000_000 + 3) })
    expect(bytes).toBe(result.bytes)
    expect(first).toBe('abcdefghijab')
  })

  test('a slow consumer holds the server back, and its bytes stay valid until its promise settles', async () => {
    let inside = 0
    let text = ''
    const result = await copyOut(
      session,
      'COPY (SELECT g FROM generate_series(1, 500000) g) TO STDOUT',
      async (piece) => {
        expect(++inside).toBe(1)
        await new Promise((resolve) => setTimeout(resolve, 2))
        text += piece.toString()
        inside--
      },
    )
    const expected = Array.from({ length: 500_000 }, (_, index) => `${index + 1}\n`).join('')
    expect(text === expected).toBe(true)
    expect(result.rows).toBe(500_000)
  })

  test('an error in the middle rejects with its SQLSTATE, after the bytes before it; the session stays usable', async () => {
    let bytes = 0
    const copy = copyOut(
      session,
      'COPY (SELECT 1 / (100000 - g) FROM generate_series(1, 200000) g) TO STDOUT',
      (piece) => {
        bytes += piece.length
      },
    )
    await expect(copy).rejects.toMatchObject({ code: 'DATABASE_ERROR', detail: { sqlstate: '22012' } })
    expect(bytes).toBeGreaterThan(0)
    expect((await collect(session, 'COPY (SELECT 7) TO STDOUT')).text).toBe('7\n')
  })

  test('a consumer that throws ends the COPY with its own error', async () => {
    for (const later of [false, true]) {
      const copy = copyOut(session, 'COPY (SELECT g FROM generate_series(1, 3000000) g) TO STDOUT', () => {
        if (later) return Promise.reject(new Error('disk full'))
        throw new Error('disk full')
      })
      await expect(copy).rejects.toThrow('disk full')
      expect((await collect(session, 'COPY (SELECT 8) TO STDOUT')).text).toBe('8\n')
    }
  })
})

describe('the reader cuts frames wherever reads end', () => {
  let server: Server
  const sockets: Socket[] = []
  beforeAll(async () => {
    server = createServer((socket) => sockets.push(socket))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  const message = (kind: string, payload: string) => {
    const head = Buffer.alloc(5)
    head.write(kind)
    head.writeUInt32BE(payload.length + 4, 1)
    return Buffer.concat([head, Buffer.from(payload)])
  }
  const script = Buffer.concat([
    message('H', 'copy out'),
    message('d', 'first'),
    message('d', ''),
    message('N', 'a notice in the middle'),
    message('d', 'second'),
    message('d', 'x'.repeat(300)),
    message('c', ''),
    message('C', 'COPY 3'),
    message('d', 'next'),
    message('Z', 'I'),
  ])
  const order = [
    `P${message('H', 'copy out')}`,
    'Dfirst',
    `P${message('N', 'a notice in the middle')}`,
    `Dsecond${'x'.repeat(300)}`,
    `P${message('c', '')}${message('C', 'COPY 3')}`,
    'Dnext',
    `P${message('Z', 'I')}`,
  ]

  test.each([1, 2, 3, 4, 5, 6, 7, 64, 4096])('reads of at most %i bytes', async (bufferBytes) => {
    const seen: string[] = []
    const note = (kind: string, text: string) => {
      if (seen.at(-1)?.[0] === kind) seen[seen.length - 1] += text
      else seen.push(kind + text)
    }
    const reader = createCopyReader({ bufferBytes })
    let calls = 0
    reader.setSink((bytes: Buffer) => {
      note('D', bytes.toString())
      return ++calls % 3 === 0 ? new Promise((resolve) => setTimeout(resolve, 1)) : undefined
    })
    reader.socket.on('data', (bytes) => note('P', bytes.toString()))
    const { port } = server.address() as { port: number }
    reader.socket.connect(port, '127.0.0.1')
    await new Promise((resolve) => reader.socket.once('connect', resolve))
    while (sockets.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    const peer = sockets.pop()!
    peer.end(script)
    await new Promise((resolve) => reader.socket.once('end', resolve))
    await reader.settled()
    reader.socket.destroy()
    peer.destroy()
    expect(seen).toEqual(order)
    expect(reader.bytes).toBe('firstsecondnext'.length + 300)
  })
})

describe('copyIn', () => {
  let session: Session
  beforeAll(async () => {
    session = await openSession(resolveConnection(cluster.url()), { application: 'test' })
    await session.query('CREATE TABLE public.loaded (n int PRIMARY KEY, text text)')
  })
  afterAll(() => session.close())

  test('rows cut anywhere, more of them than the send-ahead holds', async () => {
    const copy = copyIn(session, 'COPY public.loaded FROM STDIN')
    const line = Buffer.from(`\t${'y'.repeat(500)}\n`)
    let waits = 0
    for (let n = 1; n <= 60_000; n++) {
      const wait = copy.write(Buffer.concat([Buffer.from(String(n)), line]))
      if (wait) {
        waits++
        await wait
      }
    }
    expect(await copy.end()).toEqual({ rows: 60_000 })
    expect(waits).toBeGreaterThan(0)
    expect(await session.query('SELECT count(*)::int, sum(length(text))::int FROM public.loaded')).toEqual([
      { count: 60_000, sum: 30_000_000 },
    ])
  })

  test('an empty COPY stores nothing', async () => {
    expect(await copyIn(session, 'COPY public.loaded FROM STDIN').end()).toEqual({ rows: 0 })
  })

  test('a row the server refuses rejects, and the session stays usable', async () => {
    const copy = copyIn(session, 'COPY public.loaded FROM STDIN')
    await copy.write(Buffer.from('1\tagain\n'))
    await expect(copy.end()).rejects.toMatchObject({ code: 'DATABASE_ERROR', detail: { sqlstate: '23505' } })
    expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('an endless writer hears of the error', async () => {
    const copy = copyIn(session, 'COPY public.loaded FROM STDIN')
    const write = async () => {
      for (;;) {
        await copy.write(Buffer.from('not a number\tx\n'))
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await expect(write()).rejects.toMatchObject({ detail: { sqlstate: '22P02' } })
    await expect(copy.end()).rejects.toMatchObject({ detail: { sqlstate: '22P02' } })
  })

  test('fail() leaves nothing behind', async () => {
    const copy = copyIn(session, 'COPY public.loaded FROM STDIN')
    copy.write(Buffer.from('70000\tx\n'))
    await copy.fail(new Error('chunk did not authenticate'))
    expect(await session.query('SELECT count(*)::int FROM public.loaded WHERE n = 70000')).toEqual([{ count: 0 }])
  })

  test('a statement that cannot run, and one that is no COPY', async () => {
    await expect(copyIn(session, 'COPY public.missing FROM STDIN').end()).rejects.toMatchObject({
      detail: { sqlstate: '42P01' },
    })
    await expect(copyIn(session, 'SELECT 1').end()).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('a backend that dies under it rejects', async () => {
    const other = await openSession(resolveConnection(cluster.url()), { application: 'test' })
    const copy = copyIn(other, 'COPY public.loaded FROM STDIN')
    await copy.write(Buffer.from('80000\tx\n'))
    await cluster.sql('postgres', 'SELECT pg_terminate_backend($1, 5000)', [other.backendPid])
    await expect(copy.end()).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  })
})

test('closing a session does not wait for a consumer that never comes back', async () => {
  const session = await openSession(resolveConnection(cluster.url()), { application: 'test', copyReader: true })
  const copy = copyOut(
    session,
    'COPY (SELECT g FROM generate_series(1, 3000000) g) TO STDOUT',
    () => new Promise(() => {}),
  )
  const rejected = expect(copy).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  await new Promise((resolve) => setTimeout(resolve, 300))
  const stopwatch = startStopwatch()
  await session.close()
  await rejected
  expect(stopwatch.milliseconds()).toBeLessThan(5000)
})
