import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dumpText, firstDifferences, stockRestore } from '../round-trip/dump-text.ts'
import { makeObjectMatrix, matrixRoles } from '../round-trip/object-matrix.ts'
import { type PostgresPrograms, postgresPrograms } from '../servers/postgres-versions.ts'

const run = promisify(execFile)

/** `npm run test:long` restores each file; otherwise one of each version is, and what the others hold is the same. */
const long = process.env.LIFEBOAT_LONG === '1'

/** Archives of version 1.14 and 1.16; pg_dump 16 alone writes 1.15. */
const versions = [
  { major: 15 as const, compressions: ['none', 'gzip'], restored: 'gzip', refused: [] },
  { major: 18 as const, compressions: ['none', 'gzip', 'zstd'], restored: 'zstd', refused: ['lz4'] },
]
const found = await Promise.all(
  versions.map(async (version) => ({ ...version, programs: await postgresPrograms(version.major) })),
)

describe.each(found)('files of pg_dump $major', ({ major, compressions, restored, refused, programs }) => {
  if ('unavailable' in programs) {
    test.skip(`skipped: ${programs.unavailable}`)
    return
  }
  const tools: PostgresPrograms = programs
  let cluster: TemporaryCluster
  let engine: BackupEngine
  let folder: string
  /** What stock pg_restore makes of the file. */
  let stock: string

  const fileOf = (compression: string) => join(folder, `${compression}.dump`)
  const textOf = (database: string) =>
    dumpText(tools.client, cluster.url(database), ['--exclude-table-data', 'public.phe_*'])
  const dump = async (compression: string) => {
    const level = { none: '0', gzip: major === 15 ? '6' : 'gzip' }[compression] ?? compression
    const args = ['-Fc', '-Z', level, '-f', fileOf(compression), '--dbname', cluster.url('matrix')]
    await run(join(tools.client, 'pg_dump'), args)
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lifeboat-import-'))
    cluster = await startTemporaryCluster({ binDirectory: tools.server })
    await cluster.createDatabase('matrix')
    for (const role of matrixRoles) await cluster.sql('postgres', `CREATE ROLE ${role}`)
    await makeObjectMatrix(cluster.url('matrix'), major)
    for (const compression of [...compressions, ...refused]) await dump(compression)
    await cluster.createDatabase('stock')
    await stockRestore(tools.client, cluster.url('stock'), fileOf('gzip'))
    stock = await textOf('stock')
    engine = createBackupEngine({
      database: cluster.url('matrix'),
      repository: join(folder, 'repository'),
      encryption: { rawKey: Buffer.alloc(32, 7) },
      clientTools: tools.client,
      appName: 'matrix',
    })
    await engine.repository.init()
  }, 300_000)

  afterAll(async () => {
    await engine?.stop()
    await cluster?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  test.each(long ? compressions : [restored])(
    '%s: once trusted, a restore makes what stock pg_restore makes',
    async (compression) => {
      const made = await engine.backups.import({ stream: createReadStream(fileOf(compression)), name: compression })
      expect(made).toMatchObject({ trigger: 'import', database: 'matrix', quarantine: { trusted: null } })
      const targetDatabase = `ours_${compression}`
      const request = { strategy: 'new-database', targetDatabase } as const
      await expect(engine.restores.plan(made.id, request)).rejects.toMatchObject({ code: 'BACKUP_NOT_TRUSTED' })
      await engine.backups.trust(made.id, { reason: 'made by this test' })
      const plan = await engine.restores.plan(made.id, request)
      expect(plan.refusals).toEqual([])
      await engine.restores.run(made.id, { ...request, confirm: plan.hash })
      expect(firstDifferences(stock, await textOf(targetDatabase))).toEqual([])
    },
  )

  test('the same rows in other files are stored once', async () => {
    for (const compression of compressions) {
      const { stored_bytes, logical_bytes } = await engine.backups.import({ file: fileOf(compression) })
      expect(logical_bytes).toBeGreaterThan(10_000_000)
      expect(stored_bytes).toBeLessThan(20_000)
    }
  })

  test.runIf(long || major === 15)('an export of it restores as the file itself, also by recover.mjs', async () => {
    const { id } = await engine.backups.import({ file: fileOf('gzip') })
    const { file } = await engine.backups.export(id, { file: join(folder, 'export.dump') })
    const recovered = join(folder, 'recovered.dump')
    const keyFile = join(folder, 'key')
    await (await import('node:fs/promises')).writeFile(keyFile, '07'.repeat(32))
    const program = join(folder, 'repository', 'recover.mjs')
    await run(process.execPath, [program, 'dump', join(folder, 'repository'), id, recovered, '--key-file', keyFile])
    expect((await readFile(recovered)).equals(await readFile(file as string))).toBe(true)
    await cluster.createDatabase('exported')
    await stockRestore(tools.client, cluster.url('exported'), recovered)
    expect(firstDifferences(stock, await textOf('exported'))).toEqual([])
  })

  test.runIf(refused.length > 0)('lz4 is refused by its name', async () => {
    await expect(engine.backups.import({ file: fileOf('lz4') })).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      message: expect.stringMatching(/compressed with lz4/),
    })
  })
})
