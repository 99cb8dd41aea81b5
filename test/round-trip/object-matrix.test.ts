import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { schemaOfDatabase } from '../../packages/core/src/backup/schema-sides.ts'
import { resolveConnection } from '../../packages/core/src/postgres/connection.ts'
import { diffSchemas } from '../../packages/core/src/schema/diff/diff-schemas.ts'
import { isLong, some } from '../runner/counts.ts'
import { type PostgresPrograms, postgresPrograms } from '../servers/postgres-versions.ts'
import { dumpText, firstDifferences, listArchive, stockRestore } from './dump-text.ts'
import { makeObjectMatrix, matrixRoles } from './object-matrix.ts'

/** In `npm test` that of the system alone: `cross-version.test.ts` restores the same objects on 18. */
const wanted = process.env.POSTGRES_VERSIONS?.split(',').map(Number) ?? (isLong ? [15, 16, 17, 18] : [15])
const versions = await Promise.all(
  ([15, 16, 17, 18] as const).map(async (major) => {
    const found = wanted.includes(major) ? await postgresPrograms(major) : { unavailable: 'left out on request' }
    return 'unavailable' in found ? { major, why: found.unavailable } : { major, tools: found }
  }),
)

describe.each(versions)('object matrix on PostgreSQL $major', ({ major, tools: programs, why }) => {
  if (!programs) {
    test.skip(`skipped: ${why}`)
    return
  }
  const tools: PostgresPrograms = programs
  let cluster: TemporaryCluster
  let engine: BackupEngine
  let folder: string
  let source: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lifeboat-matrix-'))
    cluster = await startTemporaryCluster({ binDirectory: tools.server })
    await cluster.createDatabase('matrix')
    for (const role of matrixRoles) await cluster.sql('postgres', `CREATE ROLE ${role}`)
    await cluster.sql(
      'postgres',
      `ALTER DATABASE matrix SET work_mem = '5MB'; ALTER ROLE matrix_owner IN DATABASE matrix SET statement_timeout = '1h'; GRANT CREATE ON DATABASE matrix TO matrix_owner; COMMENT ON DATABASE matrix IS 'the matrix'`,
    )
    await makeObjectMatrix(cluster.url('matrix'), major)
    source = await dump(tools, cluster.url('matrix'))
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
  }, 300_000)

  afterAll(async () => {
    await engine?.stop()
    await cluster?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  test('our restore brings every object and row back', { timeout: 300_000 }, async () => {
    const plan = await engine.restores.plan('latest', { strategy: 'new-database', targetDatabase: 'matrix_restored' })
    expect(plan.refusals).toEqual([])
    await engine.restores.run('latest', {
      strategy: 'new-database',
      targetDatabase: 'matrix_restored',
      confirm: plan.hash,
    })
    const restored = await dump(tools, cluster.url('matrix_restored'))
    expect(firstDifferences(source, restored)).toEqual([])
    const schema = (database: string) =>
      schemaOfDatabase(resolveConnection(cluster.url(database)), {
        clientTools: tools.client,
        exclude: { tables: [], schemas: ['lifeboat'], rows: [] },
      })
    const { changes, counts, notes } = diffSchemas(await schema('matrix'), await schema('matrix_restored'))
    expect([changes, notes]).toEqual([[], []])
    expect(counts.equal).toBeGreaterThan(100)
    expect(await enumHashRows(cluster, 'matrix_restored')).toEqual(await enumHashRows(cluster, 'matrix'))
    expect(await databaseFacts(cluster, 'matrix_restored')).toEqual(await databaseFacts(cluster, 'matrix'))
  })

  test.each(some([[['-j', '4']], [['-j', '1']]], 1))(
    'stock pg_restore %j of the export brings the same',
    { timeout: 300_000 },
    async (jobs) => {
      const name = `matrix_stock_${jobs[1]}`
      const { file } = await engine.backups.export('latest', { file: join(folder, `${name}.dump`) })
      const list = await listArchive(tools.client, file as string)
      expect(list).toContain('TABLE DATA public t_many')
      await cluster.createDatabase(name)
      await stockRestore(tools.client, cluster.url(name), file as string, jobs)
      expect(firstDifferences(source, await dump(tools, cluster.url(name)))).toEqual([])
    },
  )

  test('the in-place restore brings the same', { timeout: 300_000 }, async () => {
    await cluster.sql(
      'matrix',
      'DROP SUBSCRIPTION sub_far; DROP TABLE t_many; TRUNCATE t_bool; CREATE TABLE newer (a int); DROP SCHEMA names CASCADE',
    )
    const plan = await engine.restores.plan('latest', { strategy: 'in-place' })
    expect(plan.refusals).toEqual([])
    await engine.restores.run('latest', { strategy: 'in-place', confirm: plan.hash })
    expect(firstDifferences(source, await dump(tools, cluster.url('matrix')))).toEqual([])
  })
})

/**
 * All but the rows whose partition hangs on the oids of an enum's labels, which differ from database to database.
 * `enumHashRows` compares those. The schema `lifeboat` is our own bookkeeping.
 */
function dump(tools: PostgresPrograms, url: string): Promise<string> {
  return dumpText(tools.client, url, ['--exclude-table-data', 'public.phe_*', '--exclude-schema', 'lifeboat'])
}

function enumHashRows(cluster: TemporaryCluster, database: string) {
  return cluster.sql(
    database,
    `SELECT count(*)::int AS n, md5(string_agg(k::text || v, ',' ORDER BY v)) AS rows FROM phe`,
  )
}

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
