import { rmSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import type { TemporaryCluster } from '@lifeboat/core/testing'
import { generateSchemas, heavySchemas } from './data.ts'
import { bytes, machine } from './describe.ts'
import { writeTable } from './document.ts'
import { type Measured, measure } from './measure.ts'
import { cellOf, noiseOf, processorOf, ratioOf, type Sample, sample, secondsOf } from './sample.ts'

/**
 * Many objects and hardly any rows (data.ts): a full backup beside `pg_dump -Fc`, one of nothing changed, and a restore with
 * all its checks beside `pg_restore -j2` and ANALYZE; in turn, in one run. Prints the table; `write` puts it into
 * docs/performance.md.
 */
export async function benchSchemas(setting: {
  cluster: TemporaryCluster
  folder: string
  lifeboat: string
  bin: string
  runs: number
  write: boolean
}): Promise<void> {
  const { cluster, runs } = setting
  const loadBefore = loadavg()[0] ?? 0
  await generateSchemas(cluster, 'heavy')
  const [size] = await cluster.sql<{ size: string }>('heavy', `SELECT pg_database_size('heavy')::text AS size`)
  const cases = heavyCases(setting)
  const results = new Map<string, Sample[]>(Object.keys(cases).map((name) => [name, []]))
  for (let run = 0; run < runs; run++)
    for (const [name, { before, work }] of Object.entries(cases)) {
      await before?.()
      results.get(name)?.push(await sample(cluster, work))
    }
  for (const database of ['heavy_restored', 'heavy_stock']) await cluster.sql('postgres', `DROP DATABASE ${database}`)

  const of = (name: string) => results.get(name) as Sample[]
  const lines = [
    '| case | Lifeboat | peer | seconds, of the peer | processor seconds, of the peer |',
    '|---|---|---|---|---|',
    rowOf('full backup; pg_dump -Fc', of('full'), of('dump')),
    rowOf('nothing changed; pg_dump -Fc', of('unchanged'), of('dump')),
    rowOf('restore; pg_restore -j2, ANALYZE', of('restore'), of('stock')),
  ]
  console.log(`\n${lines.join('\n')}`)
  const tables = heavySchemas.schemas * heavySchemas.tables
  const where = `${machine()}, ${tables} tables, ${bytes(Number(size?.size))}, medians of ${runs}, encryption on, unix socket; seconds, seconds of one processor (the command's + PostgreSQL's), peak memory and page faults of the command; ${noiseOf([...results.values()], loadBefore)}`
  console.log(`\n${where}`)
  if (setting.write) writeTable('npm run bench -- --schemas --write', where, lines)
}

interface HeavyCase {
  before?: () => Promise<unknown>
  work: () => Promise<Measured>
}

function heavyCases({ cluster, folder, lifeboat, bin }: Parameters<typeof benchSchemas>[0]): Record<string, HeavyCase> {
  const url = cluster.socketUrl('heavy')
  const repository = join(folder, 'heavy')
  const dump = join(folder, 'heavy.dump')
  const env = { DATABASE_URL: url, LIFEBOAT_REPOSITORY: repository, LIFEBOAT_PASSPHRASE: 'bench' }
  const own = (...args: string[]) => measure(process.execPath, [lifeboat, ...args, '--quiet'], { env })
  const anew = (database: string) => cluster.sql('postgres', `DROP DATABASE IF EXISTS ${database}`)
  return {
    full: {
      before: async () => {
        rmSync(repository, { recursive: true, force: true })
        await own('init')
      },
      work: () => own('backup', '--type', 'full'),
    },
    dump: { work: () => measure(`${bin}/pg_dump`, ['-Fc', '-f', dump, '-d', url]) },
    unchanged: { work: () => own('backup') },
    restore: {
      before: () => anew('heavy_restored'),
      work: () =>
        own('restore', 'latest', '--strategy', 'new-database', '--target-database', 'heavy_restored', '--yes'),
    },
    stock: {
      before: async () => {
        await anew('heavy_stock')
        await cluster.createDatabase('heavy_stock')
      },
      work: () => {
        const target = cluster.socketUrl('heavy_stock')
        const both = `${bin}/pg_restore -j2 -d '${target}' ${dump} && ${bin}/psql -qd '${target}' -c ANALYZE`
        return measure('bash', ['-c', both])
      },
    },
  }
}

function rowOf(name: string, own: readonly Sample[], peer: readonly Sample[]): string {
  const [seconds, processor] = [ratioOf(own, peer, secondsOf), ratioOf(own, peer, processorOf)]
  return `| ${name} | ${cellOf(own)} | ${cellOf(peer)} | **${seconds.toFixed(2)}x** | **${processor.toFixed(2)}x** |`
}
