import { createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createMemoryStorage } from '../../packages/core/src/storage/memory.ts'
import { createThrottle, withThrottle } from '../../packages/core/src/storage/throttle.ts'
import { wrapStorage } from '../../packages/core/src/storage/wrap.ts'
import { whereTimeGoesBy } from '../../packages/core/src/testing/stopwatch.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('app')
  // Some 12 MB that hardly compress, in packs of 1 MiB.
  await cluster.sql(
    'app',
    `CREATE TABLE noise AS SELECT i AS id, (SELECT decode(string_agg(md5((i * 1000 + n)::text), ''), 'hex') FROM generate_series(1, 60) n) AS bytes FROM generate_series(1, 12000) i`,
  )
})
afterAll(() => cluster?.stop())

let attempts = 0

test('a backup is stored at the rate it is held to, within 5 %; a restore reads at its own', () =>
  whereTimeGoesBy(holdTheRate))

async function holdTheRate() {
  const throttle = createThrottle({ upload: 1_000_000, download: 2_000_000 })
  const passed = { put: [] as Passed[], get: [] as Passed[] }
  const inner = createMemoryStorage()
  const watched = wrapStorage(inner, {
    put(name, data, options) {
      passed.put.push({ at: performance.now(), bytes: data.byteLength })
      return inner.put(name, data, options)
    },
    get(name, options) {
      passed.get.push({ at: performance.now(), bytes: options?.length ?? 0 })
      return inner.get(name, options)
    },
  })
  const engine = createBackupEngine({
    database: cluster.url('app'),
    repository: withThrottle(watched, throttle),
    encryption: { rawKey: '07'.repeat(32) },
    resources: { packBytes: 1 << 20, segmentBlocks: 64 },
    catalog: ':memory:',
  })
  await engine.repository.init()
  passed.put = []
  await engine.backups.create({ name: 'slowly' })
  const upload = rateOf(passed.put, 500_000)
  passed.get = []
  await engine.restores.run('latest', {
    strategy: 'new-database',
    targetDatabase: `restored_${++attempts}`,
    confirm: true,
  })
  const download = rateOf(passed.get, 200_000)
  console.info(`held to 1 MB/s up and 2 MB/s down: ${upload.toFixed(3)} and ${download.toFixed(3)} MB/s`)
  expect(Math.abs(upload / 1 - 1)).toBeLessThan(0.05)
  // Nothing is moved faster; slower it may be, where the restore itself has other things to do.
  expect(download / 2).toBeLessThan(1.05)
  await engine.stop()
}

interface Passed {
  at: number
  bytes: number
}

/** MB/s between the first and the last large object: each is let through once its bytes have been waited for. */
function rateOf(passed: Passed[], large: number): number {
  const from = passed.findIndex(({ bytes }) => bytes > large)
  const to = passed.findLastIndex(({ bytes }) => bytes > large)
  const some = passed.slice(from + 1, to + 1)
  const bytes = some.reduce((sum, one) => sum + one.bytes, 0)
  return bytes / 1000 / ((passed[to] as Passed).at - (passed[from] as Passed).at)
}
