import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type EngineError, isEngineError } from '../../errors.ts'
import { createLocalStorage } from '../../storage/local.ts'
import { createMemoryStorage } from '../../storage/memory.ts'
import type { Storage } from '../../storage/storage.ts'
import { wrapStorage } from '../../storage/wrap.ts'
import { createFaultyStorage } from '../../testing/faulty-storage.ts'
import { whereTimeGoesBy } from '../../testing/stopwatch.ts'
import { acquireLease } from './lease.ts'
import { leaseObjectName } from './lease-names.ts'

const ttlMs = 300
const keys = { config: Buffer.alloc(32, 1) }
const ask = (
  storage: Storage,
  holder: string,
  more: { waitMs?: number; onFree?: () => void; signal?: AbortSignal } = {},
) => acquireLease({ storage, keys }, { name: 'prune', holder, ttlMs, ...more })
const take = (...asked: Parameters<typeof ask>) => hurried(ask(...asked))

// No real time passes but in the test that stops a process: a machine that stands still loses no lease here.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
async function hurried<T>(work: Promise<T>): Promise<T> {
  let ended = false
  const end = () => {
    ended = true
  }
  work.then(end, end)
  while (!ended) await pass(5)
  return work
}
const code = (expected: string) => (error: unknown) => isEngineError(error) && error.code === expected
async function fails(promise: Promise<unknown>, expected: string) {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(error).toSatisfy(code(expected))
  return error as EngineError
}
async function names(storage: Storage) {
  const found: string[] = []
  for await (const { name } of storage.list('leases/')) found.push(name)
  return found.sort()
}

test('one holder at a time; the next one gets it as soon as it is released', async () => {
  const storage = createMemoryStorage()
  const first = await take(storage, 'first')
  const error = await fails(take(storage, 'second'), 'LEASE_HELD')
  expect(error.message).toContain('first')
  await first.assertHeld()
  await first.release()
  await first.release()
  const began = performance.now()
  const second = await take(storage, 'second')
  expect(performance.now() - began).toBeLessThan(ttlMs / 2)
  await fails(first.assertHeld(), 'LEASE_LOST')
  await second.release()
})

test('what is read beside the taking is begun when no other one holds it, and again where another was faster', async () => {
  const storage = createMemoryStorage()
  const seen: string[] = []
  let work = 'nothing'
  const first = await take(storage, 'first', { onFree: () => seen.push(`first: ${work}`) })
  const waiting = ask(storage, 'second', { waitMs: ttlMs * 20, onFree: () => seen.push(`second: ${work}`) })
  await pass(ttlMs)
  expect(seen).toEqual(['first: nothing'])
  work = 'work of the first'
  await first.release()
  await (await hurried(waiting)).release()
  expect(seen).toEqual(['first: nothing', 'second: work of the first'])

  // Between its look and its creation another one takes it, works, and gives it back.
  const overtaken = wrapStorage(storage, {
    async put(name, data, options) {
      if (work === 'work of the first') {
        work = 'being done'
        const faster = await take(storage, 'faster')
        work = 'work of the faster'
        await faster.release()
      }
      return storage.put(name, data, options)
    },
  })
  const third = await take(overtaken, 'third', { waitMs: ttlMs * 20, onFree: () => seen.push(`third: ${work}`) })
  expect(seen.slice(2)).toEqual(['third: work of the first', 'third: work of the faster'])
  await third.release()
})

test('asserting a lease that was renewed a moment ago waits for no answer; later, or given back, it does', async () => {
  let puts = 0
  const memory = createMemoryStorage()
  const storage = wrapStorage(memory, {
    put: (name, data, options) => {
      puts += 1
      return memory.put(name, data, options)
    },
  })
  const lease = await take(storage, 'first')
  expect(puts).toBe(1)
  await lease.assertHeld({ withinMs: 2000 })
  expect(puts).toBe(1)
  // At most a tenth of its time, whatever is asked for.
  await pass(ttlMs / 10 + 1)
  await lease.assertHeld({ withinMs: 2000 })
  expect(puts).toBe(2)
  await lease.assertHeld()
  expect(puts).toBe(3)
  await lease.release()
  await fails(lease.assertHeld({ withinMs: 2000 }), 'LEASE_LOST')
})

test('leases of different names do not meet', async () => {
  const storage = createMemoryStorage()
  const prune = await take(storage, 'a')
  const other = await acquireLease({ storage, keys }, { name: 'backup', holder: 'b', ttlMs })
  await prune.assertHeld()
  await other.assertHeld()
  await Promise.all([prune.release(), other.release()])
})

test('of many that ask at once one gets it, also when a dead holder is replaced', async () => {
  const storage = createMemoryStorage()
  const dead = createFaultyStorage(storage)
  await take(dead, 'dead')
  dead.stop()
  const results = await hurried(
    Promise.allSettled(Array.from({ length: 8 }, (_, index) => ask(storage, `watcher ${index}`))),
  )
  const leases = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  expect(leases).toHaveLength(1)
  for (const result of results) if (result.status === 'rejected') expect(result.reason).toSatisfy(code('LEASE_HELD'))
  await leases[0]?.assertHeld()
  await leases[0]?.release()
})

test('a living holder keeps it for many times its time to live', async () => {
  const storage = createMemoryStorage()
  const lease = await take(storage, 'alive')
  for (let round = 0; round < 4; round++) await fails(take(storage, 'other'), 'LEASE_HELD')
  await pass(ttlMs * 3)
  expect(lease.lost.aborted).toBe(false)
  await lease.assertHeld()
  await lease.release()
  expect((await names(storage)).length).toBeLessThan(16)
})

test('a dead holder is replaced after its time, not before', async () => {
  const storage = createMemoryStorage()
  const dead = createFaultyStorage(storage)
  await take(dead, 'dead')
  dead.stop()
  const began = performance.now()
  const lease = await take(storage, 'next')
  const waited = performance.now() - began
  expect(waited).toBeGreaterThan(ttlMs)
  expect(waited).toBeLessThan(ttlMs * 3)
  await lease.release()
})

test('what the clocks of hosts and storage say changes nothing', async () => {
  const inner = createMemoryStorage()
  for (const modifiedAt of [new Date(0), new Date('2100-01-01')]) {
    const storage = wrapStorage(inner, {
      async *list(prefix, options) {
        for await (const object of inner.list(prefix, options)) yield { ...object, modifiedAt }
      },
    })
    const lease = await take(storage, 'alive')
    await fails(take(storage, 'other'), 'LEASE_HELD')
    await lease.release()
  }
})

test('a holder paused for longer than its time learns that it lost, before and at each step', async () => {
  const storage = createMemoryStorage()
  let paused: Promise<void> | undefined
  let resume = () => {}
  const gate = async () => paused
  const slow = wrapStorage(storage, {
    put: async (...put) => {
      await gate()
      return storage.put(...put)
    },
    async *list(...list) {
      await gate()
      yield* storage.list(...list)
    },
  })
  const first = await take(slow, 'paused')
  paused = new Promise((resolve) => {
    resume = resolve
  })
  const step = first.assertHeld()
  step.catch(() => {})
  const second = await take(storage, 'next')
  // Long enough that the number after the paused holder's has been swept.
  for (let renewal = 0; renewal < 12; renewal++) await second.assertHeld()
  await pass(ttlMs)
  expect(first.lost.aborted).toBe(true)
  resume()
  await fails(step, 'LEASE_LOST')
  await fails(first.assertHeld(), 'LEASE_LOST')
  await first.release()
  await second.assertHeld()
  expect(second.lost.aborted).toBe(false)
  await second.release()
})

test('a late holder that finds its next number free does not get it back', async () => {
  const storage = createMemoryStorage()
  const dead = createFaultyStorage(storage)
  const first = await take(dead, 'late')
  dead.stop()
  const second = await take(storage, 'next')
  for (let renewal = 0; renewal < 12; renewal++) await second.assertHeld()
  for (const name of (await names(storage)).slice(0, -1)) await storage.delete(name)
  // The same holder again, on a storage that answers.
  const again = wrapStorage(storage, {})
  const { holdLease } = await import('./held-lease.ts')
  const { leaseGenerations } = await import('./lease-generations.ts')
  const late = holdLease({
    generations: leaseGenerations({ storage: again, keys }, 'prune'),
    record: { holder: 'late', nonce: 'of the late one', ttl_ms: ttlMs, released: false },
    name: 'prune',
    number: 1,
    heldFrom: { monotonic: performance.now(), wall: Date.now() },
  })
  await fails(late.assertHeld(), 'LEASE_LOST')
  await second.assertHeld()
  expect(await names(storage)).not.toContain(leaseObjectName(keys, { lease: 'prune', number: 2 }))
  await Promise.all([first.release(), late.release(), second.release()])
})

test('a storage that stops answering ends the lease by its time', async () => {
  const storage = createMemoryStorage()
  let hang = false
  const hanging = wrapStorage(storage, {
    put: (...put) => (hang ? new Promise<boolean>(() => {}) : storage.put(...put)),
  })
  const lease = await take(hanging, 'cut off')
  hang = true
  await pass(ttlMs * 1.5)
  expect(lease.lost.aborted).toBe(true)
  expect(lease.lost.reason).toSatisfy(code('LEASE_LOST'))
  await lease.release()
})

test('a record that cannot be read is a holder, and is replaced when it does not move', async () => {
  const storage = createMemoryStorage()
  const abort = new AbortController()
  await storage.put(leaseObjectName(keys, { lease: 'prune', number: 7 }), Buffer.from('{"holder": 1'))
  const attempt = ask(storage, 'next', { signal: abort.signal })
  await pass(ttlMs * 2)
  abort.abort()
  await fails(attempt, 'ABORTED')
  const began = performance.now()
  const lease = await take(storage, 'next')
  expect(performance.now() - began).toBeGreaterThan(45_000)
  await lease.release()
})

test('waitMs waits for a holder that is alive', async () => {
  const storage = createMemoryStorage()
  const first = await take(storage, 'first')
  setTimeout(() => first.release(), ttlMs * 2)
  const second = await take(storage, 'second', { waitMs: 10_000 })
  await second.assertHeld()
  await second.release()
})

test('a time to live that would keep a dead holder for over 60 s is refused', async () => {
  await fails(
    acquireLease({ storage: createMemoryStorage(), keys }, { name: 'a', holder: 'b', ttlMs: 50_000 }),
    'CONFIG_INVALID',
  )
})

test('every storage operation failing at every moment: never two holders, and the next one gets it', async () => {
  for (const moment of ['before', 'after', 'half-way'] as const)
    for (const stop of [true, false])
      for (let operation = 1; ; operation++) {
        const storage = createMemoryStorage()
        const faulty = createFaultyStorage(storage, { operation, moment, stop })
        let lease: Awaited<ReturnType<typeof acquireLease>> | undefined
        try {
          lease = await hurried(acquireLease({ storage: faulty, keys }, { name: 'prune', holder: 'first', ttlMs: 60 }))
          await lease.assertHeld()
          await lease.storageTime()
        } catch (error) {
          expect(error).toSatisfy(code('STORAGE_FAILED'))
        }
        const wasMet = faulty.faultMet
        await lease?.release()
        const second = await hurried(
          acquireLease({ storage, keys }, { name: 'prune', holder: 'second', ttlMs: 60, waitMs: 1_000 }),
        )
        await second.assertHeld()
        const late = await lease?.assertHeld().then(
          () => 'held',
          (error: unknown) => isEngineError(error) && error.code,
        )
        expect([undefined, 'LEASE_LOST', 'STORAGE_FAILED']).toContain(late)
        await second.assertHeld()
        await second.release()
        if (!wasMet) break
      }
})

test('a process stopped by a signal loses it to another, and stays harmless when it goes on', async () => {
  vi.useRealTimers()
  await whereTimeGoesBy(loseToAnother)
})

async function loseToAnother() {
  const root = await mkdtemp(join(tmpdir(), 'lifeboat-lease-'))
  const script = join(root, 'holder.mjs')
  const lease = new URL('./lease.ts', import.meta.url).href
  const local = new URL('../../storage/local.ts', import.meta.url).href
  await writeFile(
    script,
    `import { acquireLease } from ${JSON.stringify(lease)}
     import { createLocalStorage } from ${JSON.stringify(local)}
     const storage = createLocalStorage(${JSON.stringify(join(root, 'repository'))})
     const keys = { config: Buffer.alloc(32, 1) }
     const lease = await acquireLease({ storage, keys }, { name: 'prune', holder: 'child', ttlMs: 600 })
     console.log('held')
     setInterval(() => {}, 1000)
     lease.lost.addEventListener('abort', () => console.log('lost'))
     process.stdin.once('data', () => lease.assertHeld().then(() => console.log('still held'), (error) => { console.log(error.code); process.exit() }))`,
  )
  const storage = createLocalStorage(join(root, 'repository'), { create: true })
  await storage.put('config', Buffer.from('x'))
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  try {
    while (!output.includes('held')) await sleep(10)
    await fails(acquireLease({ storage, keys }, { name: 'prune', holder: 'parent', ttlMs: 600 }), 'LEASE_HELD')
    child.kill('SIGSTOP')
    const mine = await acquireLease({ storage, keys }, { name: 'prune', holder: 'parent', ttlMs: 600 })
    child.stdin.write('go on\n')
    child.kill('SIGCONT')
    await once(child, 'exit')
    expect(output).toContain('LEASE_LOST')
    expect(output).not.toContain('still held')
    await mine.assertHeld()
    await mine.release()
  } finally {
    child.kill('SIGKILL')
    await rm(root, { recursive: true, force: true })
  }
}

test('names that were made without the key keep nobody out: a lease is had at once, and a held one is kept', async () => {
  const storage = createMemoryStorage()
  const forged = [
    ...['prune/999999999999', 'prune/000000000001', `prune/999999999999-${'0'.repeat(32)}`, 'prune/1', 'prune'],
    ...['prune/999999999999/x', `${'p'.repeat(150)}/000000000001`],
    // Of another lease, or another number, under a code that is good there.
    leaseObjectName(keys, { lease: 'other', number: 9 }).slice('leases/'.length).replace('other', 'prune'),
    leaseObjectName(keys, { lease: 'prune', number: 9 })
      .slice('leases/'.length)
      .replace('000000000009', '999999999999'),
  ]
  for (const name of forged) await storage.put(`leases/${name}`, Buffer.from('junk'))
  const began = performance.now()
  const lease = await take(storage, 'first')
  expect(performance.now() - began).toBeLessThan(ttlMs)
  await fails(take(storage, 'second'), 'LEASE_HELD')
  await pass(ttlMs * 5)
  await lease.assertHeld()
  await lease.release()
  await (await take(storage, 'third')).release()
})
