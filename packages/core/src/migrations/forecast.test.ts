import { expect, test } from 'vitest'
import { sqlSha256 } from './down-steps/down-step.ts'
import { type ForecastBackup, type ForecastInspector, forecastRestores } from './forecast.ts'

const ids = (text: string) => text.split(' ').filter(Boolean)
const backup = (number: number, applied: string | null, server_version_num = 150000): ForecastBackup => ({
  id: `b${number}`,
  number,
  created_at: `2026-01-0${number}T00:00:00Z`,
  server_version_num,
  migrations: applied === null ? [] : [{ inspector: 'knex', applied: ids(applied).map((id) => ({ id })) }],
})
const code = (known: string, extra: Partial<ForecastInspector> = {}): ForecastInspector => ({
  name: 'knex',
  order: 'any',
  known: ids(known).map((id) => ({ id })),
  canMigrate: true,
  ...extra,
})

test('each stored backup, newest first, and how many are what', () => {
  const forecast = forecastRestores(
    [backup(1, 'a'), backup(2, 'a b'), backup(3, 'a b c'), backup(4, null)],
    [code('a b')],
  )
  expect(forecast.counts).toEqual({ 'as-is': 1, migrated: 1, carried: 0, refused: 1, unknown: 1 })
  expect(forecast.backups.map(({ number, outlook, migrations }) => [number, outlook, migrations])).toEqual([
    [4, 'unknown', 0],
    [3, 'refused', 0],
    [2, 'as-is', 0],
    [1, 'migrated', 1],
  ])
  expect(forecast.backups[1]).toMatchObject({
    why: 'knex: The backup has 1 migration the code does not know: c.',
    instead: { number: 2 },
    verdicts: [{ inspector: 'knex', verdict: 'ahead' }],
  })
})

test('deleting migration files orphans the backups that have them', () => {
  const stored = [backup(1, 'a'), backup(2, 'a b')]
  expect(forecastRestores(stored, [code('a b')]).counts.refused).toBe(0)
  expect(forecastRestores(stored, [code('b')]).counts.refused).toBe(2)
  expect(forecastRestores(stored, [code('b', { retired: ['a'] })]).counts.refused).toBe(0)
})

test('what stands in the way besides', () => {
  const [only] = forecastRestores([backup(1, 'a')], [code('a b', { canMigrate: false })]).backups
  expect(only).toMatchObject({ outlook: 'refused', instead: null, why: expect.stringContaining('cannot run them') })
  expect(forecastRestores([backup(1, 'a', 170000)], [code('a')], { serverMajor: 15 }).backups[0]).toMatchObject({
    outlook: 'refused',
    why: 'It is of PostgreSQL 17, the server is 15.',
  })
  expect(forecastRestores([backup(1, 'a')], [code('a', { known: null })]).counts.unknown).toBe(1)
  expect(forecastRestores([backup(1, 'a')], []).backups[0]).toMatchObject({ outlook: 'unknown' })
})

test('a backup that is ahead can come back by the steps that it carries; one that is missing is said', () => {
  const step = (id: string) => {
    const sql = `DROP TABLE ${id}`
    return { inspector: 'knex', id, sql, sha256: sqlSha256(sql), signatures: [] }
  }
  const stored = [
    backup(1, 'a'),
    { ...backup(2, 'a b c'), down_steps: [step('c'), step('b'), step('a')] },
    { ...backup(3, 'a b c'), down_steps: [step('c')] },
  ]
  const { counts, backups } = forecastRestores(stored, [code('a')])
  expect(counts).toEqual({ 'as-is': 1, migrated: 0, carried: 1, refused: 1, unknown: 0 })
  const [, second] = backups
  expect(second).toMatchObject({
    outlook: 'carried',
    carried: { hash: expect.stringMatching(/^[0-9a-f]{64}$/), steps: ['c', 'b'], unsigned: ['c', 'b'] },
    why: 'By 2 carried down steps, where asked for by hash: c, b. No trusted key has signed c, b.',
    instead: { number: 1 },
  })
  expect(backups[0]?.why).toMatch(/cannot be used: knex: the backup carries no down step of b\./)
  // Another tool stands in the way too.
  const other = code('x', { name: 'prisma', known: [{ id: 'x' }] })
  const both = {
    ...stored[1],
    migrations: [...(stored[1]?.migrations ?? []), { inspector: 'prisma', applied: [{ id: 'y' }] }],
  }
  expect(forecastRestores([both as ForecastBackup], [code('a'), other]).backups[0]?.outlook).toBe('refused')
})
