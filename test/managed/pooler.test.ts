import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resolveConnection } from '../../packages/core/src/postgres/connection.ts'
import { openSession } from '../../packages/core/src/postgres/session.ts'
import { findPgBouncer, type Pooler, startPgBouncer } from './pgbouncer.ts'

const found = await findPgBouncer()
const unavailable = 'unavailable' in found ? found.unavailable : undefined
const command = 'command' in found ? found.command : []

describe.skipIf(unavailable)(`a pooler${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let cluster: TemporaryCluster
  let folder: string
  beforeAll(async () => {
    cluster = await startTemporaryCluster()
    folder = await mkdtemp(join(tmpdir(), 'lifeboat-pooled-'))
    await cluster.createDatabase('app')
    await cluster.sql(
      'app',
      "CREATE TABLE notes (id int PRIMARY KEY, text text); INSERT INTO notes VALUES (1, 'first')",
    )
  })
  afterAll(async () => {
    await cluster?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  test.each(['transaction', 'statement'] as const)('in %s mode is refused for what it is', async (mode) => {
    const pooler = await startPgBouncer(command, cluster, { mode })
    try {
      const opening = openSession(resolveConnection(pooler.url('app')), { application: 'test' })
      await expect(opening).rejects.toMatchObject({
        code: 'DATABASE_POOLER',
        message: expect.stringContaining('in transaction mode'),
      })
      // Nothing of ours is left on the server's sessions, which others use.
      const [row] = await cluster.sql(
        'app',
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query ~ 'set_config' AND pid <> pg_backend_pid() AND application_name ~ 'lifeboat'",
      )
      expect(row).toEqual({ n: 0 })
    } finally {
      await pooler.stop()
    }
  })

  describe('in session mode is as good as the server', () => {
    let pooler: Pooler
    beforeAll(async () => {
      pooler = await startPgBouncer(command, cluster, { mode: 'session' })
    })
    afterAll(() => pooler?.stop())

    test('what was set does not stay, and a statement is cancelled', async () => {
      const session = await openSession(resolveConnection(pooler.url('app')), { application: 'test' })
      expect(session.parameters.sessionPooler).toBe(true)
      const sleeping = expect(session.query('SELECT pg_sleep(600)')).rejects.toMatchObject({
        detail: { sqlstate: '57014' },
      })
      await expect
        .poll(() => cluster.sql('app', "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'"))
        .toHaveLength(1)
      await session.cancel()
      await sleeping
      const { backendPid } = session
      await session.close()
      await expect
        .poll(() =>
          cluster.sql('app', 'SELECT query FROM pg_stat_activity WHERE pid = $1 AND query ~ $2', [
            backendPid,
            'RESET|DISCARD',
          ]),
        )
        .toHaveLength(1)
    })

    test('a backup through it, a restore by swap, and its undo', async () => {
      const engine = createBackupEngine({
        ...{ database: pooler.url('app'), repository: join(folder, 'repository'), encryption: 'none' },
      })
      try {
        await engine.repository.init()
        const { checks } = await engine.doctor()
        expect(checks.filter(({ level, id }) => level === 'failed' && id.startsWith('database'))).toEqual([])
        const backup = await engine.backups.create()
        await cluster.sql('app', 'DELETE FROM notes')
        const plan = await engine.restores.plan(backup.id)
        expect(plan.refusals).toEqual([])
        await engine.restores.run(backup.id, { confirm: plan.hash })
        expect(await cluster.sql('app', 'TABLE notes')).toEqual([{ id: 1, text: 'first' }])
        await engine.restores.undo('latest')
        expect(await cluster.sql('app', 'TABLE notes')).toEqual([])
      } finally {
        await engine.stop()
      }
    })
  })
})
