import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createMemoryStorage } from './memory.ts'
import { createThrottle, withThrottle } from './throttle.ts'

const megabyte = 1_000_000

describe('in simulated time', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** Writes `count` objects, four at a time; the seconds it took. */
  async function write(storage: ReturnType<typeof withThrottle>, count: number, bytes: number): Promise<number> {
    const began = performance.now()
    let left = count
    const writer = async () => {
      while (left-- > 0) await storage.put(`a/${left}`, Buffer.alloc(bytes))
    }
    let done = false
    const all = Promise.all([writer(), writer(), writer(), writer()]).then(() => {
      done = true
    })
    while (!done) await vi.advanceTimersByTimeAsync(10)
    await all
    return (performance.now() - began) / 1000
  }

  test.each([0.1, 1, 7, 40])('%s MB/s are held within 5 %', async (rate) => {
    const storage = withThrottle(createMemoryStorage(), createThrottle({ upload: rate * megabyte }))
    const seconds = await write(storage, 60, 500_000)
    expect((60 * 0.5) / seconds / rate).toBeGreaterThan(0.95)
    expect((60 * 0.5) / seconds / rate).toBeLessThan(1.05)
  })

  test('small objects are held to the same rate as large ones', async () => {
    const storage = withThrottle(createMemoryStorage(), createThrottle({ upload: 0.2 * megabyte }))
    const seconds = await write(storage, 2000, 1000)
    expect(2 / seconds / 0.2).toBeGreaterThan(0.95)
    expect(2 / seconds / 0.2).toBeLessThan(1.05)
  })

  test('directions are apart, and reading is held whether the length is known before or not', async () => {
    const storage = withThrottle(createMemoryStorage(), createThrottle({ download: megabyte }))
    expect(await write(storage, 4, megabyte)).toBeLessThan(0.1)
    for (const range of [{}, { offset: 0, length: megabyte }]) {
      const began = performance.now()
      let done = false
      const reading = Promise.all([0, 1, 2, 3].map((n) => storage.get(`a/${n}`, range))).then(() => {
        done = true
      })
      while (!done) await vi.advanceTimersByTimeAsync(10)
      await reading
      expect((performance.now() - began) / 1000).toBeCloseTo(4, 0)
    }
  })

  test('a change holds at once, for what waits too', async () => {
    const throttle = createThrottle({ upload: 1000 })
    const storage = withThrottle(createMemoryStorage(), throttle)
    let done = 0
    const puts = [1, 2].map((n) => storage.put(`a/${n}`, Buffer.alloc(megabyte)).then(() => done++))
    await vi.advanceTimersByTimeAsync(5000)
    expect(done).toBe(0)
    throttle.change({ upload: megabyte })
    expect(throttle.limits).toEqual({ upload: megabyte, download: 0 })
    // 5 kB are paid for already.
    await vi.advanceTimersByTimeAsync(1100)
    expect(done).toBe(1)
    throttle.change({ upload: 0 })
    await vi.advanceTimersByTimeAsync(0)
    expect(done).toBe(2)
    await Promise.all(puts)
    expect(() => throttle.change({ upload: -1 })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })

  test('what is aborted takes nothing from those behind it', async () => {
    const storage = withThrottle(createMemoryStorage(), createThrottle({ upload: megabyte }))
    const abort = new AbortController()
    const first = storage.put('a/1', Buffer.alloc(60 * megabyte), { signal: abort.signal })
    const second = storage.put('a/2', Buffer.alloc(megabyte))
    await vi.advanceTimersByTimeAsync(100)
    abort.abort()
    await expect(first).rejects.toMatchObject({ code: 'ABORTED' })
    await vi.advanceTimersByTimeAsync(1010)
    expect(await second).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })
})

test('in real time 2 MB/s are not exceeded', async () => {
  const storage = withThrottle(createMemoryStorage(), createThrottle({ upload: 2 * megabyte }))
  const began = performance.now()
  for (let n = 0; n < 30; n++) {
    await storage.put(`a/${n}`, Buffer.alloc(100_000))
    await sleep(1)
  }
  // Pauses between objects of a single writer do not count as time that could have been used.
  const rate = (30 * 0.1) / ((performance.now() - began) / 1000)
  expect(rate / 2).toBeLessThan(1.05)
})
