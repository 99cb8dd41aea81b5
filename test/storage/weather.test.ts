import { createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { randomFrom } from '../faults/random.ts'
import { fewer, isLong } from '../runner/counts.ts'
import { type Place, placeKinds } from './places.ts'
import type { Weather } from './tcp-proxy.ts'

/**
 * One kind of bad weather at a time, over every kind of storage: each backup ends good, or failed and invisible; read again
 * in the same weather it is found good, or cannot be read, but is never taken for damaged; what is there afterwards is whole;
 * and the next backup works. `WEATHER_RUNS` sets how many backups each meets.
 */
const runs = Number(process.env.WEATHER_RUNS ?? fewer(1, 10))
const seed = Number(process.env.WEATHER_SEED ?? 20_261_123)
const places = await placeKinds()

type Random = () => number
/** `faults`: some are counted; `takesMs`: what a backup takes at least. Else the weather was not there. */
interface Kind {
  http?: true
  faults?: true
  takesMs?: number
  of(random: Random): Partial<Weather>
}
const weathers: Record<string, Kind> = {
  '200 ms there and back, and of what passes every hundredth piece is a reset': {
    faults: true,
    // Some fifteen round trips, whatever else there is.
    takesMs: 2_000,
    of(random) {
      let piece = Math.floor(random() * 70)
      return { latencyMs: 100, reset: () => ++piece % 100 === 0 }
    },
  },
  // Half of the time: for about as long as a request is tried again.
  'storms of 503': {
    http: true,
    faults: true,
    of(random) {
      const began = performance.now() - random() * 3000
      // However fast the machine, it does not come through between two storms.
      let met = false
      return {
        answer() {
          const storm = !met || (performance.now() - began) % 3000 < 1500
          met = true
          return storm ? 'HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n' : undefined
        },
      }
    },
  },
  // Some 2 MB, over a few connections.
  'a trickle of 300 kB/s, there and back': { takesMs: 1_000, of: () => ({ latencyMs: 5, bytesPerSecond: 300_000 }) },
  'connections that break off in the middle of a pack': {
    faults: true,
    of(random) {
      // The first one, and half of the others, carries a part of a pack, or a good many small objects.
      let first = true
      const cuts = () => first || random() < 0.5
      return {
        latencyMs: 2,
        cutAfter() {
          const after = cuts() ? 20_000 + random() * 400_000 : undefined
          first = false
          return after
        },
      }
    },
  },
}

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('app')
  await cluster.sql(
    'app',
    `CREATE TABLE orders (id int PRIMARY KEY, note text);
     INSERT INTO orders SELECT i, (SELECT string_agg(md5(i * 100 + n || ''), '') FROM generate_series(1, 5) n) FROM generate_series(1, 20000) i`,
  )
})
afterAll(() => cluster?.stop())

for (const [index, { name, http, unavailable, start }] of places.entries())
  describe.skipIf(unavailable)(`${name}${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
    let place: Place
    beforeAll(async () => {
      place = await start()
    })
    afterAll(() => place?.stop())
    const calm = () => {
      const none = { latencyMs: 0, bytesPerSecond: 0, cutAfter: undefined, answer: undefined, reset: undefined }
      Object.assign(place.proxy.weather, none)
      place.proxy.cutAll()
    }

    // In `npm test` the first place meets all of it, the others the last kind.
    for (const [kind, weather] of Object.entries(weathers).slice(isLong || index === 0 ? 0 : -1))
      if (http || !weather.http)
        test(`${kind}: good, or failed and invisible`, { timeout: 600_000 * Math.max(1, runs / 2) }, async () => {
          const random = randomFrom(seed)
          const { open } = place.newRepository()
          const engineHere = () =>
            createBackupEngine({
              database: cluster.url('app'),
              repository: open(),
              encryption: { rawKey: '07'.repeat(32) },
              resources: { packBytes: 1 << 20, segmentBlocks: 128 },
              catalog: ':memory:',
            })
          const engine = engineHere()
          await engine.repository.init()
          let good = 0
          const before = { ...place.proxy }
          const met = () => place.proxy.cuts + place.proxy.answered - before.cuts - before.answered
          // Where the weather passed by every connection, once more.
          for (let run = 1; run <= runs || (weather.faults && met() === 0 && run < runs + 5); run++) {
            await cluster.sql('app', `UPDATE orders SET note = md5(note) || substr(note, 33) WHERE id % 7 = ${run % 7}`)
            Object.assign(place.proxy.weather, weather.of(random))
            // Connections kept from before would know nothing of it.
            place.proxy.cutAll()
            const victim = engineHere()
            const began = performance.now()
            const id = await victim.backups.create({ name: kind, type: 'full' }).then(
              (backup) => backup.id,
              (error: { code?: string }) => {
                expect(error.code, 'a failure is one of the storage, or of a lease that could not be kept').toMatch(
                  /^(STORAGE_FAILED|LEASE_LOST)$/,
                )
                return undefined
              },
            )
            const took = performance.now() - began
            if (id !== undefined) {
              if (weather.takesMs) expect(took, 'the weather was there').toBeGreaterThan(weather.takesMs)
              const reading = victim.backups.verify(id, { levels: ['checksums'] })
              await reading.then(
                (report) => expect(report).toMatchObject({ ok: true }),
                (error) => expect(error).toMatchObject({ code: 'STORAGE_FAILED' }),
              )
            }
            await victim.stop().catch(() => {})
            calm()
            const { backups, damaged } = await engine.backups.list()
            expect(damaged).toEqual([])
            if (id !== undefined) expect(backups.map((backup) => backup.id)).toContain(id)
            expect((await engine.maintenance.check({ readData: true })).problems).toEqual([])
            if (id !== undefined) good++
          }
          const { cuts, answered } = place.proxy
          console.info(
            `${name}, ${kind} (seed ${seed}): ${good} of ${runs} good; ${cuts - before.cuts} resets, ${answered - before.answered} times 503`,
          )
          if (weather.faults) expect(met()).toBeGreaterThan(0)
          const next = await engine.backups.create({ name: 'afterwards' })
          for (const { id } of (await engine.backups.list()).backups)
            expect(await engine.backups.verify(id, { levels: ['checksums'] })).toMatchObject({ ok: true })
          expect((await engine.backups.get('latest')).id).toBe(next.id)
          expect((await engine.maintenance.check({ readData: true })).problems).toEqual([])
          await engine.stop()
        })
  })
