import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PostgresPrograms, postgresPrograms } from '../servers/postgres-versions.ts'
import { dumpText, firstDifferences, listArchive, stockRestore } from './dump-text.ts'
import { matrixRoles, objectMatrix } from './object-matrix.ts'

const wanted = process.env.POSTGRES_VERSIONS?.split(',').map(Number) ?? [15, 16, 17, 18]

describe.each([15, 16, 17, 18] as const)('object matrix on PostgreSQL %i', (major) => {
  const programs = wanted.includes(major)
    ? postgresPrograms(major)
    : Promise.resolve({ unavailable: 'left out on request' })
  let tools: PostgresPrograms
  let cluster: TemporaryCluster
  let engine: BackupEngine
  let folder: string
  let source: string

  beforeAll(async (context) => {
    const found = await programs
    if ('unavailable' in found) {
      process.stderr.write(`skipped: ${found.unavailable}\n`)
      return
    }
    tools = found
    folder = await mkdtemp(join(tmpdir(), 'lifeboat-matrix-'))
    cluster = await startTemporaryCluster({ binDirectory: tools.server })
    await cluster.createDatabase('matrix')
    for (const role of matrixRoles) await cluster.sql('postgres', `CREATE ROLE ${role}`)
    await cluster.sql(
      'postgres',
      `ALTER DATABASE matrix SET work_mem = '5MB'; ALTER ROLE matrix_owner IN DATABASE matrix SET statement_timeout = '1h'; GRANT CREATE ON DATABASE matrix TO matrix_owner; COMMENT ON DATABASE matrix IS 'the matrix'`,
    )
    for (const { sql, since } of objectMatrix) {
      if (since === undefined || since <= major) await cluster.sql('matrix', sql)
    }
    // An event trigger of the source would fire on nothing we do there, but statistics should not move either.
    source = await dumpText(tools.client, cluster.url('matrix'))
    engine = createBackupEngine({
      database: cluster.url('matrix'),
      repository: join(folder, 'repository'),
      encryption: { rawKey: Buffer.alloc(32, 7) },
      clientTools: tools.client,
      appName: 'matrix',
      resources: { segmentBlocks: 256 },
    })
    await engine.repository.init()
    await engine.backups.create({ name: 'matrix' })
    void context
  }, 300_000)

  afterAll(async () => {
    await engine?.stop()
    await cluster?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  test('our restore brings every object and row back', { timeout: 300_000 }, async (context) => {
    if (!cluster) return context.skip()
    const plan = await engine.restores.plan('latest', { strategy: 'new-database', targetDatabase: 'matrix_restored' })
    expect(plan.refusals).toEqual([])
    await engine.restores.run('latest', {
      strategy: 'new-database',
      targetDatabase: 'matrix_restored',
      confirm: plan.hash,
    })
    const restored = await dumpText(tools.client, cluster.url('matrix_restored'))
    expect(firstDifferences(source, restored)).toEqual([])
    expect(await databaseFacts(cluster, 'matrix_restored')).toEqual(await databaseFacts(cluster, 'matrix'))
  })

  test.each([[['-j', '1']], [['-j', '4']]])(
    'stock pg_restore %j of the export brings the same',
    { timeout: 300_000 },
    async (jobs) => {
      if (!cluster) return
      const name = `matrix_stock_${jobs[1]}`
      const { file } = await engine.backups.export('latest', { file: join(folder, `${name}.dump`) })
      const list = await listArchive(tools.client, file as string)
      expect(list).toContain('TABLE DATA public t_many')
      await cluster.createDatabase(name)
      await stockRestore(tools.client, cluster.url(name), file as string, jobs)
      expect(firstDifferences(source, await dumpText(tools.client, cluster.url(name)))).toEqual([])
    },
  )

  test('the in-place restore brings the same', { timeout: 300_000 }, async (context) => {
    if (!cluster) return context.skip()
    await cluster.sql(
      'matrix',
      'DROP TABLE t_many; DELETE FROM t_int; CREATE TABLE newer (a int); DROP SCHEMA names CASCADE',
    )
    const plan = await engine.restores.plan('latest', { strategy: 'in-place' })
    expect(plan.refusals).toEqual([])
    await engine.restores.run('latest', { strategy: 'in-place', confirm: plan.hash })
    expect(firstDifferences(source, await dumpText(tools.client, cluster.url('matrix')))).toEqual([])
  })
})

/** What pg_dump says of the database itself only with --create. */
async function databaseFacts(cluster: TemporaryCluster, database: string) {
  return cluster.sql(
    'postgres',
    `SELECT pg_get_userbyid(datdba) AS owner, datacl::text, datcollate, datctype, encoding, datconnlimit,
       (SELECT array_agg(setconfig::text ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = d.oid) AS settings
     FROM pg_database d WHERE datname = $1`,
    [database],
  )
}
