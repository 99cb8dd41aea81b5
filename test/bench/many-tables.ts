/**
 * `npm run bench:tables [-- --tables 1,10,100,1000,2000 --megabytes 200 --runs 3 --write]`: how time and memory grow with
 * the number of tables, at the same size in all. `npm run bench:sizes` (`--sizes 500,2000,8000`, in MB) is the same for the
 * size, with the tables of the benchmark. `--write` puts the table into docs/performance.md.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startTemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { generateData, generateTables } from './data.ts'
import { bytes, machine } from './describe.ts'
import { writeTable } from './document.ts'
import { type Measured, measure, median, processorSeconds } from './measure.ts'

const { values: flags } = parseArgs({
  options: {
    tables: { type: 'string', default: '1,10,100,1000,2000' },
    sizes: { type: 'string' },
    megabytes: { type: 'string', default: '200' },
    runs: { type: 'string', default: '3' },
    write: { type: 'boolean' },
  },
})
const runs = Number(flags.runs)
const numbers = (list: string) => list.split(',').map(Number)
const cases = flags.sizes
  ? numbers(flags.sizes).map((megabytes) => ({
      name: `${megabytes / 1000} GB`,
      fill: (database: string) => generateData(cluster, database, megabytes),
    }))
  : numbers(flags.tables).map((tables) => ({
      name: String(tables),
      fill: (database: string) => generateTables(cluster, database, tables, Number(flags.megabytes)),
    }))

const lifeboat = fileURLToPath(new URL('../../packages/cli/bin/lifeboat.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'lifeboat-bench-'))
const cluster = await startTemporaryCluster({
  settings: {
    shared_buffers: '2GB',
    max_wal_size: '8GB',
    checkpoint_timeout: '30min',
    max_locks_per_transaction: 256,
    // Its sessions would be counted with ours.
    autovacuum: 'off',
  },
})
try {
  const head = ['full backup', 'nothing changed', 'restore'].map((name) => `${name} | `).join('')
  const lines: string[] = []
  const report = (line: string) => {
    console.log(line)
    lines.push(line)
  }
  report(`| ${flags.sizes ? 'database' : 'tables'} | size | ${head.trimEnd()}`)
  report('|---|---|---|---|---|')
  for (const { name, fill } of cases) {
    await cluster.sql('postgres', 'DROP DATABASE IF EXISTS grown')
    await fill('grown')
    const [size] = await cluster.sql<{ size: string }>('grown', `SELECT pg_database_size('grown')::text AS size`)
    const cells = await measureOne(name)
    report(`| ${name} | ${bytes(Number(size?.size))} | ${cells.join(' | ')} |`)
  }
  const what = flags.sizes ? '' : `, ${flags.megabytes} MB of rows in each`
  const where = `${machine()}${what}, medians of ${runs}, encryption on, unix socket; seconds, seconds of one processor (ours + PostgreSQL's), peak memory of our processes`
  console.log(`\n${where}`)
  if (flags.write)
    writeTable(flags.sizes ? 'npm run bench:sizes -- --write' : 'npm run bench:tables -- --write', where, lines)
} finally {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
}

/** A full backup, one of nothing changed, and a restore, so many times. */
async function measureOne(name: string): Promise<string[]> {
  const postmaster = Number(readFileSync(join(cluster.dataDirectory, 'postmaster.pid'), 'utf8').split('\n')[0])
  const results: (Measured & { serverSeconds: number })[][] = [[], [], []]
  for (let run = 0; run < runs; run++) {
    const repository = join(folder, `${name}-${run}`)
    const env = {
      DATABASE_URL: cluster.socketUrl('grown'),
      LIFEBOAT_REPOSITORY: repository,
      LIFEBOAT_PASSPHRASE: 'bench',
    }
    const own = async (...args: string[]) => {
      const before = processorSeconds(postmaster)
      const measured = await measure(process.execPath, [lifeboat, ...args, '--quiet'], { env })
      return { ...measured, serverSeconds: processorSeconds(postmaster) - before }
    }
    await own('init')
    results[0]?.push(await own('backup', '--type', 'full'))
    results[1]?.push(await own('backup'))
    await cluster.sql('postgres', 'DROP DATABASE IF EXISTS restored')
    results[2]?.push(
      await own('restore', 'latest', '--strategy', 'new-database', '--target-database', 'restored', '--yes'),
    )
    rmSync(repository, { recursive: true, force: true })
  }
  await cluster.sql('postgres', 'DROP DATABASE restored')
  return results.map((some) => {
    const of = (figure: (one: (typeof some)[number]) => number) => median(some.map(figure))
    const peak = Math.max(...some.map(({ peakMiB }) => peakMiB))
    const [own, server] = [of(({ cpuSeconds }) => cpuSeconds), of(({ serverSeconds }) => serverSeconds)]
    return `${of(({ seconds }) => seconds).toFixed(2)} s, ${own.toFixed(1)} + ${server.toFixed(1)}, ${peak.toFixed(0)} MiB`
  })
}
