/**
 * `npm run bench:rows [-- --size 1GB --runs 3 --write]`: 0.1 % of the rows of one table changed, and what takes them back:
 * a rewind, beside a full restore by swap and `pg_restore -j2`; `lost` beside reading the table out; a query of one day
 * beside the difference that a rewind reads; the same of one table of a hundred; and what masking passes in a second of one
 * processor. In turn, in one run, whole processes. `--write` puts the tables into docs/performance.md. The size is that of
 * the table with its indexes; the default fits into the memory of a small machine.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { RowMask } from '../../packages/core/src/masking/column-mask.ts'
import { createRowMasker } from '../../packages/core/src/masking/row-masker.ts'
import { startTemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { generateTables, ordersSql } from './data.ts'
import { bytes, machine } from './describe.ts'
import { writeTable } from './document.ts'
import { type Measured, measure, median } from './measure.ts'
import { cellOf, noiseOf, processorOf, ratioOf, type Sample, sample, secondsOf } from './sample.ts'

const { values: flags } = parseArgs({
  options: {
    size: { type: 'string', default: '250MB' },
    runs: { type: 'string', default: '3' },
    write: { type: 'boolean' },
  },
})
const runs = Number(flags.runs)
const megabytes = megabytesOf(flags.size)
const lifeboat = fileURLToPath(new URL('../../packages/cli/bin/lifeboat.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'lifeboat-bench-'))
const heads = ['| case | it | beside | seconds: how much faster | processor seconds |', '|---|---|---|---|---|']
const bin = '/usr/lib/postgresql/15/bin'
const cluster = await startTemporaryCluster({
  // Its sessions would be counted with ours.
  settings: { shared_buffers: '2GB', max_wal_size: '8GB', checkpoint_timeout: '30min', autovacuum: 'off' },
})
try {
  await benchTable()
  await benchManyTables()
  await benchMasking()
} finally {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
}

function megabytesOf(size: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(MB|GB)$/.exec(size) ?? []
  if (!count) throw new Error(`--size is a number of MB or GB, as in 1GB, not ${size}`)
  return Number(count) * (unit === 'GB' ? 1000 : 1)
}

/** The command against a database, with a repository of its own. */
function commandFor(database: string) {
  const env = {
    DATABASE_URL: cluster.socketUrl(database),
    LIFEBOAT_REPOSITORY: join(folder, database),
    LIFEBOAT_PASSPHRASE: 'bench',
  }
  return (...args: string[]) => measure(process.execPath, [lifeboat, ...args, '--quiet'], { env })
}

interface Case {
  before?: () => Promise<unknown>
  work: () => Promise<Measured>
}

/** A B C, A B C, …: so that a machine that changes its pace changes it for all. */
async function inTurn<T extends string>(cases: Record<T, Case>): Promise<Record<T, Sample[]>> {
  const results = Object.fromEntries(Object.keys(cases).map((name) => [name, []])) as unknown as Record<T, Sample[]>
  for (let run = 0; run < runs; run++)
    for (const [name, { before, work }] of Object.entries<Case>(cases)) {
      await before?.()
      results[name as T].push(await sample(cluster, work))
    }
  return results
}

function row(name: string, own: readonly Sample[], peer: readonly Sample[]): string {
  const times = (figure: (one: Sample) => number) => `**${ratioOf(peer, own, figure).toFixed(1)}x**`
  return `| ${name} | ${cellOf(own)} | ${cellOf(peer)} | ${times(secondsOf)} | ${times(processorOf)} |`
}

async function finish(
  command: string,
  what: string,
  lines: readonly string[],
  about: { results: Sample[][]; load: number },
) {
  const where = `${machine()}, ${what}, medians of ${runs}, encryption on, unix socket; seconds, seconds of one processor (the command's + PostgreSQL's), peak memory and page faults of the command; ${noiseOf(about.results, about.load)}`
  console.log(`\n${where}\n\n${lines.join('\n')}`)
  if (flags.write) writeTable(command, where, lines)
}

/** One table: 0.1 % of its rows changed at its end, or all over it. */
async function benchTable(): Promise<void> {
  const load = loadavg()[0] ?? 0
  const count = Math.round((megabytes * 1e6) / 430)
  await cluster.createDatabase('rows')
  await cluster.sql('rows', ordersSql(count))
  await cluster.sql('rows', 'VACUUM (FREEZE, ANALYZE)')
  const [size] = await cluster.sql<{ size: string }>('rows', `SELECT pg_total_relation_size('orders')::text AS size`)
  const own = commandFor('rows')
  const dump = join(folder, 'dump')
  await own('init')
  await measure(`${bin}/pg_dump`, ['-Fd', '-j2', '-Z1', '-f', dump, '-d', cluster.socketUrl('rows')])
  const backup = () => own('backup', '--type', 'full')
  await backup()
  const changed = Math.ceil(count / 1000)
  const recent = `UPDATE orders SET price = 0 WHERE id > ${count - changed}`
  const scattered = `UPDATE orders SET price = 0 WHERE id % 1000 = 7`
  const change = (sql: string) => () => cluster.sql('rows', sql)
  const target = cluster.socketUrl('rows_stock')
  const copy = `${bin}/psql -qd '${cluster.socketUrl('rows')}' -c 'COPY orders TO STDOUT' > /dev/null`
  const day = `SELECT sum(price) FROM was.orders WHERE at >= '2026-01-02' AND at < '2026-01-03'`
  const results = await inTurn({
    lost: { before: change(recent), work: () => own('lost', 'latest') },
    read: { work: () => measure('bash', ['-c', copy]) },
    query: { work: () => own('query', 'latest', day) },
    difference: { work: () => own('rewind', 'latest', '--dry-run') },
    recent: { work: () => own('rewind', 'latest', '--yes') },
    scattered: { before: change(scattered), work: () => own('rewind', 'latest', '--yes') },
    swap: { before: change(recent), work: () => own('restore', 'latest', '--yes') },
    swapScattered: {
      // Row headers of the restored database say nothing about a backup of the other. Its safety backup reads what changed.
      before: async () => {
        await backup()
        await cluster.sql('rows', scattered)
      },
      work: () => own('restore', 'latest', '--yes'),
    },
    stock: {
      before: async () => {
        await backup()
        for (const { name } of await cluster.sql<{ name: string }>(
          'postgres',
          `SELECT datname AS name FROM pg_database WHERE datname LIKE 'rows\\_%'`,
        ))
          await cluster.sql('postgres', `DROP DATABASE "${name}"`)
        await cluster.createDatabase('rows_stock')
      },
      work: () =>
        measure('bash', [
          '-c',
          `${bin}/pg_restore -j2 -d '${target}' ${dump} && ${bin}/psql -qd '${target}' -c ANALYZE`,
        ]),
    },
  })
  const lines = [
    ...heads,
    row('rewind, recent rows; restore by swap', results.recent, results.swap),
    row('rewind, recent rows; pg_restore -j2, ANALYZE', results.recent, results.stock),
    row('rewind, scattered rows; restore by swap', results.scattered, results.swapScattered),
    row('rewind, scattered rows; pg_restore -j2, ANALYZE', results.scattered, results.stock),
    row('lost; COPY of the table to nowhere', results.lost, results.read),
    row("query of one day's sum; rewind --dry-run", results.query, results.difference),
  ]
  const what = `one table of ${bytes(Number(size?.size))} with its indexes, ${count} rows, of which ${changed} changed`
  await finish('npm run bench:rows -- --write', what, lines, { results: Object.values(results), load })
}

/** A hundred tables of the same size in all, one of which changed. */
async function benchManyTables(): Promise<void> {
  const load = loadavg()[0] ?? 0
  await generateTables(cluster, 'rows_many', 100, megabytes)
  const own = commandFor('rows_many')
  await own('init')
  await own('backup', '--type', 'full')
  const change = () => cluster.sql('rows_many', `UPDATE table_50 SET note = '' WHERE id % 10 = 1`)
  const results = await inTurn({
    all: { before: change, work: () => own('rewind', 'latest', '--yes') },
    one: { before: change, work: () => own('rewind', 'latest', '--table', 'table_50', '--yes') },
    swap: { before: change, work: () => own('restore', 'latest', '--yes') },
    again: { work: () => own('backup', '--type', 'full') },
  })
  const lines = [
    ...heads,
    row('rewind of all; restore by swap', results.all, results.swap),
    row('rewind of the table that changed; restore by swap', results.one, results.swap),
  ]
  const what = `100 tables of ${flags.size} in all, one changed`
  await finish('npm run bench:rows -- --write: many', what, lines, { results: Object.values(results), load })
}

/** Ten columns of COPY text, two of which are hashed: what one thread passes, and what it passes where nothing is masked. */
async function benchMasking(): Promise<void> {
  const line = (at: number) =>
    [at, `mail${at}@example.org`, `Customer ${at}`, '2026-01-01 00:00:00+00', (at * 37) % 1e5, 't', ...words(at)].join(
      '\t',
    )
  const words = (at: number) => ['1', '2', '3'].map((seed) => `${seed}${at}`.padEnd(60, 'the quick brown fox '))
  const text = Buffer.from(Array.from({ length: 200_000 }, (_, at) => `${line(at)}\tlast\n`).join(''))
  const pieces = Array.from({ length: Math.ceil(text.length / 65_536) }, (_, at) =>
    text.subarray(at * 65_536, (at + 1) * 65_536),
  )
  const hashed = {
    kind: 'pseudonym',
    pseudonym: 'hash',
    domain: 'd',
    shape: { form: 'text', most: null, fold: false },
  } as const
  const names = ['id', 'email', 'name', 'at', 'price', 'paid', 'a', 'b', 'c', 'd']
  const row: RowMask = {
    ...{ table: 'customer', key: 'sixteen characters' },
    columns: names.map((name) => ({ name, mask: name === 'email' || name === 'name' ? hashed : null })),
  } as unknown as RowMask
  const rates: number[] = []
  for (let run = 0; run < runs + 1; run++) {
    const masker = await createRowMasker(row)
    const before = process.cpuUsage()
    for (const piece of pieces) masker.push(piece)
    const { user, system } = process.cpuUsage(before)
    // The first one is compiled on the way.
    if (run > 0) rates.push(text.length / (user + system))
  }
  console.log(
    `\nmasking: ${median(rates).toFixed(0)} MB in a second of one processor, two hashed columns of ten, ${bytes(text.length)}, ${runs} runs`,
  )
}
