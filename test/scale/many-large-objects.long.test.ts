import { afterAll, beforeAll, expect, test } from 'vitest'
import { promisedMebibytes } from './measured-run.ts'
import { type ScaleSetting, startScaleSetting } from './scale-setting.ts'

const objects = 200_000
let setting: ScaleSetting

beforeAll(async () => {
  setting = await startScaleSetting(
    async (cluster) => {
      for (let first = 1; first <= objects; first += 20_000)
        await cluster.sql(
          'large',
          `SELECT count(lo_from_bytea(n, decode(repeat(md5(n::text), 1 + n % 20), 'hex')))
         FROM generate_series(${first}, ${first + 19_999}) n`,
        )
    },
    { max_locks_per_transaction: 1024 },
  )
}, 600_000)
afterAll(() => setting?.stop())

const digest = `SELECT md5(string_agg(md5(lo_get(oid)), '' ORDER BY oid)) AS digest, count(*)::int AS count
  FROM pg_largeobject_metadata`

test('200,000 large objects', async () => {
  const made = await setting.backup()
  const restored = await setting.restore()
  const [before] = await setting.cluster.sql('large', digest)
  expect(before).toMatchObject({ count: objects })
  expect(await setting.cluster.sql('restored', digest)).toEqual([before])
  const others = [await setting.verify(), await setting.export()]
  for (const { aboveBareMebibytes } of [made, restored, ...others])
    expect(aboveBareMebibytes).toBeLessThanOrEqual(promisedMebibytes)
})
