import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { BackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import express5 from 'express'
import fastify5 from 'fastify'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startStopwatch, whereTimeGoesBy } from '../../packages/core/src/testing/stopwatch.ts'
import { maintenanceMode as onExpress } from '../../packages/express-adapter/src/index.ts'
import { maintenanceMode as onFastify } from '../../packages/fastify-adapter/src/index.ts'
import { some } from '../runner/counts.ts'
import { newSetting } from './setting.ts'

vi.setConfig({ testTimeout: 180_000 })

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

interface Host {
  port: number
  close(): Promise<void>
}
type Count = () => Promise<number>

const hosts: Record<string, (engine: BackupEngine, count: Count) => Promise<Host>> = {
  async Express(engine, count) {
    const app = express5()
    app.use(onExpress(engine))
    app.get('/', async (_request, response) => {
      response.json({ count: await count() })
    })
    const server: Server = createServer(app)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return {
      port: (server.address() as AddressInfo).port,
      close: () => new Promise((resolve) => server.close(() => resolve())),
    }
  },
  async Fastify(engine, count) {
    const app = fastify5()
    await app.register(onFastify, { engine })
    app.get('/', async () => ({ count: await count() }))
    await app.listen({ port: 0, host: '127.0.0.1' })
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
  },
}

interface Seen {
  at: number
  status: number
  count?: number
  retryAfter: string | null
}

/** Several clients that ask on and on. */
function traffic(port: number, clients: number): { seen: Seen[]; end(): Promise<void> } {
  const stopwatch = startStopwatch()
  const seen: Seen[] = []
  let going = true
  const client = async () => {
    while (going) {
      const response = await fetch(`http://127.0.0.1:${port}/`)
      const { count } = (await response.json()) as { count?: number }
      const at = stopwatch.milliseconds()
      seen.push({
        at,
        status: response.status,
        retryAfter: response.headers.get('retry-after'),
        ...(count === undefined ? {} : { count }),
      })
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
  let failure: { error: unknown } | undefined
  // A server gives up a connection that was idle for some seconds, also where the machine stood still for them.
  const running = Promise.all(Array.from({ length: clients }, client)).catch((error: unknown) => {
    going = false
    failure = { error }
  })
  return {
    seen,
    async end() {
      going = false
      await running
      if (failure) throw failure.error
    },
  }
}

describe.each(some(Object.keys(hosts), 1))('%s', (name) => {
  // A request that was begun before the machine stood still may be longer than a swap waits for.
  test('under traffic a restore and its undo are seen as 503 for 2 s at most; the pool lives on', () =>
    whereTimeGoesBy(restoreAndUndo))

  async function restoreAndUndo() {
    const calls: string[] = []
    const setting = await newSetting(cluster, {
      hooks: {
        beforeSwap: ({ database }) => void calls.push(`before ${database}`),
        afterSwap: ({ swapped }) => void calls.push(`after ${swapped}`),
      },
    })
    const { engine, database } = setting
    const pool = new Pool({ connectionString: cluster.url(database), max: 5 })
    pool.on('error', () => {})
    const count = async () => (await pool.query('SELECT count(*)::int AS n FROM orders')).rows[0].n as number
    const host = await (hosts[name] as (typeof hosts)[string])(engine, count)
    try {
      await engine.backups.create({ name: 'whole' })
      await cluster.sql(database, 'DELETE FROM orders WHERE id > 500')
      for (const [run, before, after] of [
        [
          () => engine.restores.run('latest', { confirm: true, safetyBackup: false, overrides: ['no-safety-backup'] }),
          500,
          2000,
        ],
        [() => engine.restores.undo('latest'), 2000, 500],
      ] as const) {
        const { seen, end } = traffic(host.port, 8)
        try {
          await run()
          await expect.poll(() => seen.at(-1)?.count).toBe(after)
        } finally {
          await end()
        }
        const turnedAway = seen.filter(({ status }) => status === 503)
        expect(seen.filter(({ status }) => status !== 200 && status !== 503)).toEqual([])
        expect(turnedAway.length).toBeGreaterThan(0)
        expect(turnedAway.every(({ retryAfter }) => retryAfter === '1')).toBe(true)
        const times = turnedAway.map(({ at }) => at)
        expect(Math.max(...times) - Math.min(...times)).toBeLessThan(2000)
        // Entirely old or entirely new, and never old again.
        const counts = seen.flatMap(({ count }) => (count === undefined ? [] : [count]))
        expect([...new Set(counts)]).toEqual([before, after])
        expect(counts).toEqual([...counts].sort((a, b) => (a === b ? 0 : a === before ? -1 : 1)))
      }
      expect(calls).toEqual([`before ${database}`, 'after true', `before ${database}`, 'after true'])
      expect(engine.maintenanceMode.active).toBe(false)
    } finally {
      await host.close()
      await pool.end()
      await engine.stop()
      await setting.remove()
    }
  }
})

test('a hook that throws before the swap stops the restore; the live database stays, requests go on', async () => {
  const setting = await newSetting(cluster, {
    hooks: {
      beforeSwap() {
        throw new Error('the queue does not drain')
      },
    },
  })
  const { engine, database } = setting
  try {
    await engine.backups.create()
    await cluster.sql(database, 'TRUNCATE orders')
    const restore = engine.restores.run('latest', { confirm: true })
    await expect(restore).rejects.toMatchObject({ code: 'RESTORE_FAILED', message: expect.stringContaining('drain') })
    expect(await cluster.sql(database, 'SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 0 }])
    expect(engine.maintenanceMode.enter()).not.toBeNull()
  } finally {
    await engine.stop()
    await setting.remove()
  }
})
