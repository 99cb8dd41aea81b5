import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { insideOf } from '../../packages/core/src/actions/inside.ts'
import { formatRestoreComment } from '../../packages/core/src/restore/undo/database-comment.ts'

const dayMs = 86_400_000
let cluster: TemporaryCluster
let folder: string
const engines: BackupEngine[] = []
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.sql('postgres', "CREATE ROLE stranger LOGIN PASSWORD 's' CREATEDB")
})
afterAll(() => cluster?.stop())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-kept-'))
})
afterEach(async () => {
  vi.useRealTimers()
  for (const engine of engines.splice(0)) await engine.stop()
  await rm(folder, { recursive: true, force: true })
})

/** An application that has restored once: its former database is kept. */
async function restored(database: string) {
  const url = await cluster.createDatabase(database)
  await cluster.sql(database, 'CREATE TABLE t AS SELECT 1 AS n')
  const engine = createBackupEngine({
    ...{ database: url, repository: join(folder, database), encryption: 'none', catalog: ':memory:' },
  })
  engines.push(engine)
  await engine.repository.init()
  const { id } = await engine.backups.create()
  const { kept_database } = await engine.restores.run(id, { confirm: true, safetyBackup: false })
  return { engine, id, kept: kept_database as string }
}

const exists = async (name: string) =>
  (await cluster.sql('postgres', 'SELECT 1 FROM pg_database WHERE datname = $1', [name])).length === 1

test('a restore, or doctor --fix, leaves the kept databases of other applications alone, also when a clock says they are over', async () => {
  const other = await restored('other')
  const own = await restored('own')
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 30 * dayMs })
  await own.engine.maintenance.cleanLeftovers()
  await own.engine.doctor({ fix: true })
  await own.engine.restores.run(own.id, { confirm: true, safetyBackup: false })
  vi.useRealTimers()
  expect(await exists(other.kept)).toBe(true)
  // By the server's clock the own one is not over either.
  expect(await exists(own.kept)).toBe(true)
})

test('a host whose clock is a year behind does not keep a database that is over at once', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 365 * dayMs })
  const { engine, kept } = await restored('behind')
  vi.useRealTimers()
  await engine.maintenance.cleanLeftovers()
  expect(await exists(kept)).toBe(true)
  const [summary] = await engine.restores.kept()
  expect(Date.parse(summary?.undo_until ?? '')).toBeGreaterThan(Date.now() + 6 * dayMs)
})

test("a stranger's database with a forged name and comment blocks no undo, and is not listed", async () => {
  const { engine, kept } = await restored('bank')
  const [own] = await engine.restores.kept()
  const restore = own?.restore_id as string
  for (const [at, forgedRestore] of [restore, `${restore.slice(0, 8)}00000000`.slice(0, 16)].entries()) {
    const name = `bank_before_2099010100000${at}`
    await cluster.createDatabase(name, { owner: 'stranger' })
    const comment = formatRestoreComment({
      ...{ restore: forgedRestore, backup: 'b000000000000000', state: 'kept', database: 'bank', comment: null },
      ...{ connection_limit: -1, at: '2099-01-01T00:00:00.000Z', keep_until: null, safety_backup: null },
    })
    await cluster.sql('postgres', `COMMENT ON DATABASE ${name} IS '${comment.replaceAll("'", "''")}'`)
  }
  expect((await engine.restores.kept()).map(({ kept_database }) => kept_database)).toEqual([kept])
  expect((await insideOf(engine).ground.restores.findKept(restore)).kept_database).toBe(kept)
  expect((await insideOf(engine).ground.restores.findKept(restore.slice(0, 8))).kept_database).toBe(kept)
  expect((await insideOf(engine).ground.restores.findKept('latest')).kept_database).toBe(kept)
  expect((await engine.restores.undo(restore)).database).toBe('bank')
})
