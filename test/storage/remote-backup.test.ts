import { createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { randomFrom } from '../faults/random.ts'
import { type Place, placeKinds } from './places.ts'

/** Whole backups over a network, in good weather and in bad. `STORM_RUNS` sets how many in bad. */
const storms = Number(process.env.STORM_RUNS ?? 4)
const key = { rawKey: '07'.repeat(32) }
const places = await placeKinds()

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('app')
  await cluster.sql(
    'app',
    `CREATE TABLE orders (id int PRIMARY KEY, note text);
     INSERT INTO orders SELECT i, md5(i::text) || repeat('x', i % 300) FROM generate_series(1, 20000) i;
     CREATE TABLE people AS SELECT i AS id, md5(i::text) AS name FROM generate_series(1, 5000) i`,
  )
})
afterAll(() => cluster?.stop())

for (const { name, http, unavailable, start } of places.filter(({ name }) => name !== 'Azure'))
  describe.skipIf(unavailable)(`${name}${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
    let place: Place
    beforeAll(async () => {
      place = await start()
    })
    afterAll(() => place?.stop())

    const engineAt = (repository: EngineOptions['repository'], more: Partial<EngineOptions> = {}) =>
      createBackupEngine({
        database: cluster.url('app'),
        repository,
        encryption: key,
        resources: { packBytes: 1 << 20, segmentBlocks: 64 },
        catalog: ':memory:',
        ...more,
      })

    test('backup, verification and restore over 20 ms of latency; then from the location and the key alone', async () => {
      place.proxy.weather.latencyMs = 10
      const location = place.newRepository().open()
      const engine = engineAt(location)
      await engine.repository.init()
      const full = await engine.backups.create({ name: 'full' })
      await cluster.sql('app', `UPDATE orders SET note = 'changed' WHERE id <= 100`)
      await engine.backups.create({ name: 'second', type: 'incremental' })
      expect(await engine.backups.verify('latest', { levels: ['checksums'] })).toMatchObject({ ok: true })
      const shown = JSON.stringify([await engine.repository.describe(), await engine.backups.list(), full])
      expect(shown).not.toContain('canary')
      await engine.stop()

      const target = `restored_${name.toLowerCase()}`
      const adopting = engineAt(location)
      expect((await adopting.backups.list()).backups.map((backup) => backup.name).sort()).toEqual(['full', 'second'])
      await adopting.restores.run('latest', { strategy: 'new-database', targetDatabase: target, confirm: true })
      expect((await adopting.maintenance.check({ readData: true })).problems).toEqual([])
      await adopting.stop()
      place.proxy.weather.latencyMs = 0
      const rows = `SELECT md5(string_agg(o::text, ',' ORDER BY id)) AS digest FROM orders o`
      expect(await cluster.sql(target, rows)).toEqual(await cluster.sql('app', rows))
      await expect(engineAt(location, { encryption: { passphrase: 'another' } }).backups.list()).rejects.toMatchObject({
        code: 'WRONG_KEY',
      })
    })

    test(`in ${storms} storms every backup ends good, or failed and invisible`, async () => {
      const location = place.newRepository().open()
      const calm = engineAt(location)
      await calm.repository.init()
      const random = randomFrom(20_261_123)
      const outcomes: (string | undefined)[] = []
      for (let run = 1; run <= storms; run++) {
        // Worse with every run: from a cut in 2 MB to one in 30 KB.
        const bytes = 2_000_000 / (1 + ((run - 1) % 4)) ** 3
        place.proxy.weather.latencyMs = 2
        place.proxy.weather.cutAfter = () => random() * bytes * 2
        if (http)
          place.proxy.weather.answer = () =>
            random() < 0.02 ? 'HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n' : undefined
        await cluster.sql('app', `UPDATE orders SET note = md5(note) || repeat('z', ${run}) WHERE id % 3 = ${run % 3}`)
        const engine = engineAt(location)
        const outcome = await engine.backups.create({ name: `storm ${run}` }).then(
          (backup) => backup.id,
          () => undefined,
        )
        outcomes.push(outcome)
        await engine.stop().catch(() => {})
        Object.assign(place.proxy.weather, { latencyMs: 0, cutAfter: undefined, answer: undefined })
        place.proxy.cutAll()
      }
      expect(place.proxy.cuts).toBeGreaterThan(0)
      const { backups, damaged } = await calm.backups.list()
      expect(damaged).toEqual([])
      const visible = backups.map(({ id }) => id)
      for (const id of outcomes) if (id !== undefined) expect(visible).toContain(id)
      for (const id of visible)
        expect(await calm.backups.verify(id, { levels: ['checksums'] })).toMatchObject({ ok: true })
      expect((await calm.maintenance.check({ readData: true })).problems).toEqual([])
      await calm.stop()
      console.info(
        `${name}: ${storms} storms, ${place.proxy.connections} connections, ${place.proxy.cuts} cut: ${outcomes.filter(Boolean).length} backups good, ${outcomes.filter((id) => id === undefined).length} failed`,
      )
    }, 300_000)
  })
