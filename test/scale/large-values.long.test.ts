import { afterAll, beforeAll, expect, test } from 'vitest'
import { promisedMebibytes } from './measured-run.ts'
import { type ScaleSetting, startScaleSetting } from './scale-setting.ts'

let setting: ScaleSetting

beforeAll(async () => {
  setting = await startScaleSetting(async (cluster) => {
    await cluster.sql(
      'large',
      `CREATE TABLE texts (id int PRIMARY KEY, value text);
       CREATE TABLE bytes (id int PRIMARY KEY, value bytea);
       ALTER TABLE texts ALTER value SET STORAGE EXTERNAL;
       ALTER TABLE bytes ALTER value SET STORAGE EXTERNAL`,
    )
    // Repeats only after a megabyte: neither TOAST nor chunks make little of it within one.
    const million = "(SELECT string_agg(md5(n::text), '') FROM generate_series(1, 31250) n)"
    await cluster.sql('large', `INSERT INTO texts SELECT 1, repeat(${million}, 900)`)
    await cluster.sql('large', `INSERT INTO bytes SELECT 1, repeat(${million}, 400)::bytea`)
  })
}, 600_000)
afterAll(() => setting?.stop())

const digests = `SELECT (SELECT md5(value) FROM texts) AS text, (SELECT md5(value) FROM bytes) AS bytes,
  (SELECT octet_length(value) FROM texts) AS text_length, (SELECT octet_length(value) FROM bytes) AS bytes_length`

test('a text value of 900 MB and a bytea of 400 MB', async () => {
  const made = await setting.backup()
  const restored = await setting.restore()
  const [before] = await setting.cluster.sql('large', digests)
  expect(before).toMatchObject({ text_length: 900_000_000, bytes_length: 400_000_000 })
  expect(await setting.cluster.sql('restored', digests)).toEqual([before])
  for (const { aboveBareMebibytes } of [made, restored])
    expect(aboveBareMebibytes).toBeLessThanOrEqual(promisedMebibytes)
})
