import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { randomFrom } from '../faults/random.ts'
import type { BucketPart } from './bucket-host.ts'
import { motoUnavailable, type S3Server, startMoto } from './moto.ts'

/**
 * Two hosts that back up a database each into one bucket, one after the other without a pause, and a third that forgets
 * and prunes beside them; all are killed now and then. What is simulated: the storage's clock runs so fast that the 26
 * hours a prune waits pass in ten seconds. Leases, kills and everything else are real.
 */
const long = process.env.LIFEBOAT_LONG === '1'
/**
 * An hour in which each host makes a backup a minute, unless half an hour of real time is over before; in the short run as
 * much as every kind of event needs.
 */
const least = { made: 8, kills: 3, deleted: 1 }
const enough = long ? { made: Number(process.env.BUCKET_BACKUPS ?? 120), kills: 12, deleted: 40 } : least
const atMostSeconds = Number(process.env.BUCKET_SECONDS ?? (long ? 1800 : 600))
const seed = Number(process.env.BUCKET_SEED ?? 20_261_123)
const factor = (26 * 3600) / 10
const unavailable = await motoUnavailable()

describe.skipIf(unavailable)(`a shared bucket${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: TemporaryCluster
  let server: S3Server
  beforeAll(async () => {
    server = await startMoto()
    await server.createBucket('shared')
    cluster = await startTemporaryCluster()
    for (const database of ['north', 'south']) {
      await cluster.createDatabase(database)
      await cluster.sql(
        database,
        `CREATE TABLE orders (id int PRIMARY KEY, note text, note2 text);
         INSERT INTO orders SELECT i, md5('${database}' || i), md5(i::text) || md5('2' || i) FROM generate_series(1, 12000) i;
         CREATE TABLE constant AS SELECT i AS id, md5('${database}' || i) AS name FROM generate_series(1, 3000) i`,
      )
    }
  })
  afterAll(async () => {
    await cluster?.stop()
    await server?.stop()
  })

  test('two hosts back up, a third prunes, all are killed: nothing is ever missing', {
    timeout: (atMostSeconds + 300) * 1000,
  }, async () => {
    const random = randomFrom(seed)
    const location = `s3://shared/all?endpoint=${server.endpoint}`
    process.env.AWS_ACCESS_KEY_ID = server.credentials.accessKeyId
    process.env.AWS_SECRET_ACCESS_KEY = server.credentials.secretAccessKey
    const engineOf = (database: string) =>
      createBackupEngine({
        database: cluster.url(database),
        repository: location,
        encryption: { rawKey: '07'.repeat(32) },
        catalog: ':memory:',
      })
    const engine = engineOf('north')
    await engine.repository.init()
    const since = Date.now()
    const made = new Set<string>()
    const forgotten = new Set<string>()
    const failed = new Map<string, number>()
    const totals = { kills: 0, prunes: 0, deleted: 0, marked: 0, copied: 0 }

    const hear = (line: string) => {
      const [what, value = '', marked = '0', copied = '0'] = line.split(' ')
      if (what === 'made') made.add(value)
      if (what === 'forgetting') forgotten.add(value)
      if (what === 'failed') failed.set(value, (failed.get(value) ?? 0) + 1)
      if (what !== 'pruned') return
      totals.prunes++
      totals.deleted += Number(value)
      totals.marked += Number(marked)
      totals.copied += Number(copied)
    }
    let errors = ''
    /** A process, and how it is told of each thing the process has done. */
    const start = (work: BucketPart['work'], database: string, onDone: () => void): ChildProcess => {
      const part: BucketPart = {
        ...{ work, location, since, factor, keep: 2 },
        ...{ database: cluster.url(database), seed: Math.floor(random() * 2 ** 31) },
      }
      const program = fileURLToPath(new URL('./bucket-host.ts', import.meta.url))
      const child = spawn(process.execPath, ['--no-warnings', program, JSON.stringify(part)], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let rest = ''
      child.stdout?.on('data', (data) => {
        const lines = (rest + data).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          hear(line)
          if (/^(made|pruned|failed)/.test(line)) onDone()
        }
      })
      child.stderr?.on('data', (data) => {
        errors += data
      })
      return child
    }
    const stop = async (child: ChildProcess) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'close')
    }
    const until = performance.now() + atMostSeconds * 1000
    const going = () =>
      performance.now() < until &&
      (made.size < enough.made || totals.kills < enough.kills || totals.deleted < enough.deleted)
    /**
     * Lets a process do a few things, kills it at a random moment of the next, and starts it anew. A dead host's lease
     * takes half a minute to run out.
     */
    const live = async (work: BucketPart['work'], database: string, most: number) => {
      while (going()) {
        const times = [performance.now()]
        const child = start(work, database, () => times.push(performance.now()))
        const few = 1 + Math.floor(random() * most)
        while (going() && times.length <= few && child.exitCode === null) await sleep(50)
        const [before = 0, last = 0] = times.slice(-2)
        await sleep(Math.min(Math.abs(random() * (last - before)), 10_000))
        await stop(child)
        totals.kills++
      }
    }
    const began = performance.now()
    await Promise.all([
      live('back up', 'north', long ? 12 : 4),
      live('back up', 'south', long ? 12 : 4),
      live('prune', 'north', long ? 20 : 6),
    ])
    const seconds = Math.round((performance.now() - began) / 1000)

    expect(errors).toBe('')
    const { backups, damaged } = await engine.backups.list()
    console.info(
      `seed ${seed}, ${seconds} s: ${made.size} backups made, ${forgotten.size} forgotten, ${backups.length} there; ${totals.kills} kills; ${totals.prunes} prunes: packs marked ${totals.marked}, deleted ${totals.deleted}, bytes repacked ${totals.copied}; failures ${JSON.stringify([...failed])}`,
    )
    expect(damaged).toEqual([])
    expect(made.size).toBeGreaterThanOrEqual(least.made)
    expect(totals.deleted, 'pruning went on beside the backups').toBeGreaterThanOrEqual(least.deleted)
    const there = new Set(backups.map(({ id }) => id))
    for (const id of made) if (!forgotten.has(id)) expect(there, 'a backup that was made').toContain(id)
    expect((await engine.maintenance.check({ readData: true })).problems).toEqual([])
    for (const { id } of backups)
      expect(await engine.backups.verify(id, { levels: ['checksums'] })).toMatchObject({ ok: true })
    for (const database of ['north', 'south']) {
      const host = engineOf(database)
      const target = `restored_${database}`
      await host.restores.run('latest', { strategy: 'new-database', targetDatabase: target, confirm: true })
      const rows = "SELECT count(*)::int AS rows, md5(string_agg(c::text, ',' ORDER BY id)) AS digest FROM constant c"
      expect(await cluster.sql(target, rows)).toEqual(await cluster.sql(database, rows))
      await host.stop()
    }
    await engine.stop()
  })
})
