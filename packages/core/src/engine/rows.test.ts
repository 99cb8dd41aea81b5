import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { insideOf } from '../actions/inside.ts'
import { createBackupEngine } from '../engine.ts'
import { isEngineError } from '../errors.ts'
import { deleteExpiredRewinds } from '../rows/rewind/expired-rewinds.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'

let cluster: TemporaryCluster
let folder: string
beforeAll(async () => {
  cluster = await startTemporaryCluster({ settings: { log_statement: 'all' } })
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-rows-'))
})
afterAll(async () => {
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true })
})

test('an UPDATE without WHERE: seen, asked about, taken back while orders come in, undone', async () => {
  const database = await cluster.createDatabase('shop')
  await cluster.sql(
    'shop',
    `CREATE TABLE orders (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, total numeric);
     INSERT INTO orders (total) SELECT i FROM generate_series(1, 1000) i`,
  )
  const engine = createBackupEngine({
    database,
    repository: join(folder, 'repository'),
    encryption: { rawKey: 'ab'.repeat(32) },
  })
  try {
    await engine.repository.init()
    await engine.backups.create({ name: 'nightly' })
    await cluster.sql('shop', 'INSERT INTO orders (total) VALUES (7); UPDATE orders SET total = 0')
    const sums = async () => (await cluster.sql('shop', 'SELECT count(*)::int, sum(total)::text FROM orders'))[0]

    expect(await engine.rows.lost('latest')).toMatchObject({
      tables: [{ table: 'orders', added_or_changed: 1001, changed_or_deleted: 1000 }],
    })
    const lost = await engine.rows.lostRows('latest', { table: 'orders', limit: 1 })
    expect(lost.rows).toEqual([{ kind: 'updated', before: { id: '1', total: '1' }, now: { id: '1', total: '0' } }])
    const answer = await engine.rows.query('latest', { sql: 'SELECT sum(total) FROM was.orders' })
    expect(answer.rows).toEqual([['500500']])

    const plan = await engine.rows.planRewind('latest', { tables: ['orders'], keepNew: true })
    expect(plan).toMatchObject({ put_back: 1000, take_out: 1000, refusals: [] })
    await cluster.sql('shop', 'INSERT INTO orders (total) VALUES (8)')
    const stale = await engine.rows.rewind('latest', { confirm: plan.hash }).catch((error: unknown) => error)
    expect(isEngineError(stale, 'PLAN_CHANGED')).toBe(true)
    const done = await engine.rows.rewind('latest', { tables: ['orders'], keepNew: true, confirm: plan.hash })
    expect(done).toMatchObject({ putBack: 1000, takenOut: 1000, safetyBackupId: expect.stringMatching(/^b/) })
    expect(await sums()).toEqual({ count: 1002, sum: '500508' })

    expect(await engine.rows.kept()).toMatchObject([
      { id: done.rewindId, tables: [{ table: 'orders', put_back: 1000 }] },
    ])
    await engine.rows.undo('latest')
    expect(await sums()).toEqual({ count: 1002, sum: '8' })
  } finally {
    await engine.stop()
  }
})

/** How often rows of a table were read for a difference. */
async function differencesRead(table: string): Promise<number> {
  const log = await readFile(join(cluster.dataDirectory, '..', 'log'), 'utf8')
  return log.match(new RegExp(`SELECT ctid, [^\\n]* FROM ONLY "?public"?\\."?${table}"?\\s`, 'g'))?.length ?? 0
}

test('a rewind that was looked at reads the difference twice; what its undo needs is kept until then', async () => {
  const database = await cluster.createDatabase('kept')
  await cluster.sql('kept', 'CREATE TABLE once (id int PRIMARY KEY, v int); INSERT INTO once VALUES (1, 1), (2, 2)')
  const repository = join(folder, 'kept')
  const engine = createBackupEngine({ database, repository, encryption: { rawKey: 'cd'.repeat(32) } })
  try {
    await engine.repository.init()
    const first = await engine.backups.create()
    await cluster.sql('kept', 'UPDATE once SET v = 7')
    const plan = await engine.rows.planRewind('latest')
    expect(await differencesRead('once')).toBe(1)
    const { rewindId, safetyBackupId } = await engine.rows.rewind('latest', { confirm: plan.hash })
    // Once to look at it, once under the snapshot that is carried out.
    expect(await differencesRead('once')).toBe(2)

    const [kept] = await engine.rows.kept()
    expect(Date.parse(kept!.undo_until!) - Date.parse(kept!.at)).toBe(7 * 86_400_000)
    const refused = await engine.backups.delete(safetyBackupId!, { force: true }).catch((error: unknown) => error)
    expect(isEngineError(refused, 'BACKUP_NEEDED_FOR_UNDO')).toBe(true)
    const decision = async () =>
      (await engine.retention.preview()).decisions.find(({ id }) => id === safetyBackupId)?.reasons
    expect(await decision()).toContain('needed_for_undo')
    await engine.rows.undo(rewindId)
    expect(await decision()).not.toContain('needed_for_undo')

    await engine.rows.rewind(first.id, { confirm: true, safetyBackup: false })
    expect(await differencesRead('once')).toBe(4)
    const { parts } = insideOf(engine).ground
    const context = { repository: await parts.repository(), keepReplacedDays: 7 }
    const at = Date.parse((await engine.rows.kept())[0]!.at)
    const day = 86_400_000
    expect(await deleteExpiredRewinds({ ...context, keepReplacedDays: 0 }, { now: at + 900 * day })).toEqual([])
    expect(await deleteExpiredRewinds(context, { now: at + 7 * day - 1 })).toEqual([])
    expect(await deleteExpiredRewinds(context, { now: at + 7 * day })).toHaveLength(1)
    expect(await engine.rows.kept()).toEqual([])
  } finally {
    await engine.stop()
  }
})
