import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { postgresPrograms } from '../servers/postgres-versions.ts'
import { dumpText, firstDifferences, stockRestore } from './dump-text.ts'
import { makeObjectMatrix, matrixRoles } from './object-matrix.ts'

const [old, young] = await Promise.all([postgresPrograms(15), postgresPrograms(18)])
const why = [old, young].flatMap((programs) => ('unavailable' in programs ? [programs.unavailable] : [])).join(', ')

describe.skipIf(why !== '')(`from PostgreSQL 15 to 18${why && ` (skipped: ${why})`}`, () => {
  const clusters: TemporaryCluster[] = []
  const folders: string[] = []
  afterAll(async () => {
    for (const cluster of clusters) await cluster.stop()
    for (const folder of folders) await rm(folder, { recursive: true, force: true })
  })

  test('a backup made on 15 restores on 18 as stock pg_dump and pg_restore would', { timeout: 300_000 }, async () => {
    if ('unavailable' in old || 'unavailable' in young) return
    const source = await startTemporaryCluster({ binDirectory: old.server })
    clusters.push(source)
    const target = await startTemporaryCluster({ binDirectory: young.server })
    clusters.push(target)
    const folder = await mkdtemp(join(tmpdir(), 'lifeboat-versions-'))
    folders.push(folder)
    await source.createDatabase('matrix')
    for (const cluster of clusters) {
      for (const role of matrixRoles) await cluster.sql('postgres', `CREATE ROLE ${role}`)
    }
    // Only what servers of all versions know.
    await makeObjectMatrix(source.url('matrix'), 15)
    const common: Pick<EngineOptions, 'repository' | 'encryption' | 'clientTools'> = {
      repository: join(folder, 'repository'),
      encryption: { rawKey: '0a'.repeat(32) },
      clientTools: young.client,
    }
    const from = createBackupEngine({ ...common, database: source.url('matrix') })
    await from.repository.init()
    await from.backups.create()
    await from.stop()

    const to = createBackupEngine({ ...common, database: target.url('postgres') })
    const request = { strategy: 'new-database', targetDatabase: 'ours' } as const
    const plan = await to.restores.plan('1', request)
    expect(plan.refusals).toEqual([])
    await to.restores.run('1', { ...request, confirm: plan.hash })
    await to.stop()

    const archive = join(folder, 'stock.dump')
    await promisify(execFile)(join(young.client, 'pg_dump'), [
      '-Fc',
      '--exclude-schema=lifeboat',
      '-f',
      archive,
      '--dbname',
      source.url('matrix'),
    ])
    await target.createDatabase('stock')
    await stockRestore(young.client, target.url('stock'), archive)
    const dump = (database: string) =>
      dumpText(young.client, target.url(database), ['--exclude-table-data', 'public.phe_*'])
    expect(firstDifferences(await dump('stock'), await dump('ours'))).toEqual([])
  })
})
