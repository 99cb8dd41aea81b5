import { afterEach, expect, test } from 'vitest'
import type { EchoThread } from './echo-worker-fixture.ts'
import { withOwnMemory } from './own-memory.ts'
import { createSendWindow } from './send-window.ts'
import { siblingModule, startThread, type Thread } from './thread.ts'

const heard: string[] = []
let failures = 0
let thread: Thread<EchoThread> | undefined

function start(heap = { old: 64, young: 8 }): Thread<EchoThread> {
  heard.length = 0
  failures = 0
  thread = startThread<EchoThread>(siblingModule(import.meta.url, 'echo-worker-fixture'), {
    name: 'test worker',
    setup: { greeting: 'hello' },
    heap,
    reports: { heard: (text) => heard.push(text) },
    onFailure: () => failures++,
  })
  return thread
}
afterEach(() => thread?.end())

test('a thread answers, and has neither environment nor flags of the host', async () => {
  const answer = await start().request('echo', 'you')
  const env = answer.env.filter((name) => name !== 'NODE_COMPILE_CACHE')
  expect({ ...answer, env }).toEqual({ text: 'hello you', env: [], flags: [] })
})

test('bytes are handed over both ways; of a slice only the slice', async () => {
  const own = withOwnMemory(new Uint8Array([1, 2, 3]))
  const bytes = await start().request('bytes', own, [own.buffer])
  expect([...bytes]).toEqual([1, 2, 3])
  expect(own.byteLength).toBe(0)

  const pooled = Buffer.from('in the pool')
  const { byteLength } = pooled.buffer
  expect(byteLength).toBeGreaterThan(pooled.byteLength)
  const copy = withOwnMemory(pooled)
  expect(Buffer.from(await start().request('bytes', copy, [copy.buffer])).toString()).toBe('in the pool')
  expect(pooled.buffer.byteLength).toBe(byteLength)
})

test('requests are worked off in their order, notices are heard during a request', async () => {
  const { request, notify } = start()
  const order: string[] = []
  const held = request('hold', undefined).then((text) => order.push(text))
  const echoed = request('echo', 'later').then(({ text }) => order.push(text))
  notify('release', 'first')
  await Promise.all([held, echoed])
  expect(order).toEqual(['first', 'hello later'])
  expect(heard).toEqual(['first'])
})

test('an error keeps its code and detail, and the thread stays', async () => {
  const { request } = start()
  await expect(request('refuse', undefined)).rejects.toMatchObject({ code: 'LOCK_BUDGET', detail: { table: 'a' } })
  expect((await request('echo', 'again')).text).toBe('hello again')
  expect(failures).toBe(0)
})

test('a thread that ends fails what is asked, now and later, and says so once', async () => {
  const { request } = start()
  const exit = request('exit', 3)
  const later = request('echo', 'x')
  const ended = { code: 'INTERNAL', message: 'A test worker ended with 3.' }
  await expect(exit).rejects.toMatchObject(ended)
  await expect(later).rejects.toMatchObject(ended)
  await expect(request('echo', 'y')).rejects.toMatchObject(ended)
  expect(failures).toBe(1)
})

test('a thread that runs out of memory is named, and the host lives', async () => {
  const { request } = start({ old: 16, young: 2 })
  await expect(request('fillMemory', undefined)).rejects.toMatchObject({
    code: 'INTERNAL',
    message: 'A test worker ran out of memory.',
  })
})

test('ending fails what is under way with the reason; also a thread that does not come to its messages ends', async () => {
  const { request, end } = start()
  const blocked = request('block', new Int32Array(new SharedArrayBuffer(4)))
  const reason = new Error('stop')
  const ended = end(reason)
  await expect(blocked).rejects.toBe(reason)
  await ended
  await expect(request('echo', 'x')).rejects.toBe(reason)
})

test('ending goes before what was sent', async () => {
  const { request, notify, end } = start()
  await request('echo', 'started')
  const until = new Int32Array(new SharedArrayBuffer(4))
  request('block', until).catch(() => {})
  notify('release', 'too late')
  const ended = end()
  Atomics.store(until, 0, 1)
  Atomics.notify(until, 0)
  await ended
  expect(heard).toEqual([])
})

test('a send window makes its sender wait, and lets go when it is closed', async () => {
  const window = createSendWindow(10)
  expect(window.sent(9)).toBeUndefined()
  const full = window.sent(9)
  expect(full).toBeInstanceOf(Promise)
  let isOpen = false
  void full?.then(() => {
    isOpen = true
  })
  window.workedOff(8)
  await Promise.resolve()
  expect(isOpen).toBe(false)
  window.workedOff(1)
  await full
  const closed = window.sent(5)
  window.close()
  await closed
  expect(window.closed).toBe(true)
  expect(window.sent(100)).toBeUndefined()
})
