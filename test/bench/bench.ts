/**
 * `npm run bench [-- --megabytes 2000 --runs 3 --quick --schemas --write]`: Lifeboat beside its peers in one run, in turn, on
 * data made for it, and then on a database of many tables with hardly any rows; `--schemas`: only the latter. Prints tables of
 * medians and ratios; `--write` puts them into docs/performance.md. `--quick` is small, has
 * pg_dump as its only peer, and fails only when a backup takes twice as long as pg_dump -Fc, three times in a row: no
 * machine is too slow for that, only we are.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startTemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { changes, generateData } from './data.ts'
import { bytes, folderBytes, machine } from './describe.ts'
import { writeTable } from './document.ts'
import { type Measured, measure, median } from './measure.ts'
import { preparePgBackRest } from './pgbackrest.ts'
import { startApplication } from './running-application.ts'
import { benchSchemas } from './schema-heavy.ts'

const { values: flags } = parseArgs({
  options: {
    megabytes: { type: 'string' },
    runs: { type: 'string' },
    quick: { type: 'boolean' },
    schemas: { type: 'boolean' },
    write: { type: 'boolean' },
  },
})
const megabytes = Number(flags.megabytes ?? (flags.quick ? 150 : 2000))
const runs = Number(flags.runs ?? (flags.quick ? 1 : 3))
const lifeboat = fileURLToPath(new URL('../../packages/cli/bin/lifeboat.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'lifeboat-bench-'))
const bin = '/usr/lib/postgresql/15/bin'

const cluster = await startTemporaryCluster({
  settings: { shared_buffers: flags.quick ? '512MB' : '4GB', max_wal_size: '8GB', checkpoint_timeout: '30min' },
})
try {
  if (!flags.schemas) await benchRows()
  if (!flags.quick) await benchSchemas({ cluster, folder, lifeboat, bin, runs, write: flags.write === true })
} finally {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function benchRows(): Promise<void> {
  console.log(`Generating about ${megabytes} MB …`)
  const rows = await generateData(cluster, 'bench', megabytes)
  const [size] = await cluster.sql<{ size: string }>('bench', `SELECT pg_database_size('bench')::text AS size`)
  // Once through everything, so that all runs meet the same warm cache.
  await cluster.sql('bench', 'SELECT count(*) FROM orders; SELECT count(*) FROM events; SELECT count(*) FROM pictures')
  const url = cluster.socketUrl('bench')
  const ownEnv = { DATABASE_URL: url, LIFEBOAT_REPOSITORY: join(folder, 'repository'), LIFEBOAT_PASSPHRASE: 'bench' }
  const resticEnv = {
    RESTIC_REPOSITORY: join(folder, 'restic'),
    RESTIC_PASSWORD: 'bench',
    RESTIC_CACHE_DIR: join(folder, 'restic-cache'),
  }
  const own = (...args: string[]) => measure(process.execPath, [lifeboat, ...args, '--quiet'], { env: ownEnv })
  const piped = `set -o pipefail; ${bin}/pg_dump -Fc -Z0 -d "$DATABASE_URL" | restic backup -q --stdin --stdin-filename bench.dump`
  const restic = () => measure('bash', ['-c', piped], { env: { ...ownEnv, ...resticEnv } })
  const hasRestic = !flags.quick && has('restic')
  const pgBackRest = flags.quick ? null : preparePgBackRest(cluster, folder)

  const full: Record<string, () => Promise<Measured>> = {
    Lifeboat: async () => {
      rmSync(ownEnv.LIFEBOAT_REPOSITORY, { recursive: true, force: true })
      await own('init')
      return own('backup', '--type', 'full')
    },
    'pg_dump -Fc': () => measure(`${bin}/pg_dump`, ['-Fc', '-f', join(folder, 'c.dump'), '-d', url]),
    'pg_dump -Fd -j2 -Z1': () => {
      rmSync(join(folder, 'd'), { recursive: true, force: true })
      return measure(`${bin}/pg_dump`, ['-Fd', '-j2', '-Z1', '-f', join(folder, 'd'), '-d', url])
    },
    ...(hasRestic
      ? {
          'pg_dump | restic': () => {
            rmSync(resticEnv.RESTIC_REPOSITORY, { recursive: true, force: true })
            rmSync(resticEnv.RESTIC_CACHE_DIR, { recursive: true, force: true })
            execFileSync('restic', ['init', '-q'], { env: { ...process.env, ...resticEnv } })
            return restic()
          },
        }
      : {}),
    ...(pgBackRest ? { 'pgBackRest (physical)': () => pgBackRest.backup('full') } : {}),
  }
  const lines: string[] = []
  const report = (line: string) => {
    console.log(line)
    lines.push(line)
  }
  const heads = Object.keys(full).map((peer) => peer.replace('|', '\\|'))
  report(`| case | ${heads.join(' | ')} |`)
  report(
    `|---|${Object.keys(full)
      .map(() => '---|')
      .join('')}`,
  )
  const row = (name: string, results: Record<string, Measured[] | undefined>, note: Record<string, string> = {}) => {
    const base = median((results.Lifeboat ?? []).map(({ seconds }) => seconds))
    const cells = Object.keys(full).map((peer) => {
      const some = results[peer]
      if (!some) return '–'
      const seconds = median(some.map((one) => one.seconds))
      const peak = Math.max(...some.map(({ peakMiB }) => peakMiB))
      const ratio = peer === 'Lifeboat' ? '' : `, **${(seconds / base).toFixed(2)}x**`
      return `${seconds.toFixed(2)} s${ratio}, ${peak.toFixed(0)} MiB${note[peer] ? `, ${note[peer]}` : ''}`
    })
    report(`| ${name} | ${cells.join(' | ')} |`)
    return Object.fromEntries(
      Object.keys(full).map((peer) => [
        peer,
        results[peer] ? median((results[peer] as Measured[]).map((one) => one.seconds)) : Number.NaN,
      ]),
    )
  }

  const firsts = await inTurn(full, runs)
  const first = row('first (full) backup', firsts, {
    Lifeboat: bytes(folderBytes(ownEnv.LIFEBOAT_REPOSITORY)),
    'pg_dump | restic': hasRestic ? bytes(folderBytes(resticEnv.RESTIC_REPOSITORY)) : '',
    // It keeps those of all runs.
    'pgBackRest (physical)': pgBackRest ? bytes(folderBytes(pgBackRest.repository) / runs) : '',
  })

  // Those that can tell what has changed since.
  const later: Record<string, { backup(): Promise<Measured>; folder: string }> = {
    Lifeboat: { backup: () => own('backup'), folder: ownEnv.LIFEBOAT_REPOSITORY },
    ...(hasRestic ? { 'pg_dump | restic': { backup: restic, folder: resticEnv.RESTIC_REPOSITORY } } : {}),
    ...(pgBackRest
      ? { 'pgBackRest (physical)': { backup: () => pgBackRest.backup('incr'), folder: pgBackRest.repository } }
      : {}),
  }
  let unchanged = Number.NaN
  for (const name of Object.keys(changes(rows, 0))) {
    const results: Record<string, Measured[]> = Object.fromEntries(Object.keys(later).map((peer) => [peer, []]))
    const stored: Record<string, string> = {}
    for (let run = 0; run < runs; run++) {
      await cluster.sql('bench', changes(rows, run)[name] as string)
      for (const [peer, { backup, folder }] of Object.entries(later)) {
        const before = folderBytes(folder)
        results[peer]?.push(await backup())
        stored[peer] = `+${bytes(folderBytes(folder) - before)}`
      }
    }
    if (name === 'nothing changed') results['pg_dump -Fc'] = firsts['pg_dump -Fc'] as Measured[]
    const seconds = row(name, results, stored)
    if (name !== 'nothing changed') continue
    unchanged = seconds.Lifeboat as number
    const application = await startApplication(ownEnv)
    const scheduled: Record<'idle' | 'busy', Measured[]> = { idle: [], busy: [] }
    for (let run = 0; run < runs; run++) {
      scheduled.idle.push(await application.backup())
      // One transaction in another database: then tables are scanned.
      await cluster.sql('postgres', 'SELECT pg_current_xact_id()')
      scheduled.busy.push(await application.backup())
    }
    await application.stop()
    row('unchanged, idle, in a running application', { ...results, Lifeboat: scheduled.idle })
    row('unchanged, busy elsewhere, in a running application', { ...results, Lifeboat: scheduled.busy })
  }

  const restores: Record<string, () => Promise<Measured>> = {
    Lifeboat: async () => {
      await cluster.sql('postgres', 'DROP DATABASE IF EXISTS restored')
      return own('restore', '1', '--strategy', 'new-database', '--target-database', 'restored', '--yes')
    },
    'pg_dump -Fd -j2 -Z1': async () => {
      await cluster.sql('postgres', 'DROP DATABASE IF EXISTS restored_stock')
      await cluster.createDatabase('restored_stock')
      return measure(`${bin}/pg_restore`, ['-j2', '-d', cluster.socketUrl('restored_stock'), join(folder, 'd')])
    },
    'pg_dump -Fc': async () => {
      await cluster.sql('postgres', 'DROP DATABASE IF EXISTS restored_pipe')
      await cluster.createDatabase('restored_pipe')
      return measure('bash', [
        '-c',
        `cat ${join(folder, 'c.dump')} | ${bin}/pg_restore -d '${cluster.socketUrl('restored_pipe')}'`,
      ])
    },
  }
  row('restore (peers: pg_restore -j2; from a pipe)', await inTurn(restores, runs))

  const where = `${machine()}, database ${bytes(Number(size?.size))} in cache, medians of ${runs}, whole processes, local storage, encryption on, unix socket`
  console.log(`\n${where}`)
  if (flags.write) writeTable('npm run bench -- --write', where, lines)
  if (flags.quick) {
    const cases: [string, number, () => Promise<Measured>][] = [
      ['an unchanged backup', unchanged, () => own('backup')],
      ['a full backup', first.Lifeboat as number, full.Lifeboat as () => Promise<Measured>],
    ]
    for (const [what, seconds, again] of cases) {
      let [ours, theirs] = [seconds, first['pg_dump -Fc'] as number]
      for (let attempt = 2; attempt <= 3 && ours > 2 * theirs; attempt++) {
        theirs = (await (full['pg_dump -Fc'] as () => Promise<Measured>)()).seconds
        ours = (await again()).seconds
      }
      if (ours > 2 * theirs) throw new Error(`Absurdly slow: ${what} takes twice as long as pg_dump -Fc.`)
    }
  }
}

/** A B C, A B C, …: so that a machine that changes its pace changes it for all. */
async function inTurn(
  cases: Record<string, () => Promise<Measured>>,
  times: number,
): Promise<Record<string, Measured[]>> {
  const results: Record<string, Measured[]> = Object.fromEntries(Object.keys(cases).map((name) => [name, []]))
  for (let run = 0; run < times; run++) {
    for (const [name, work] of Object.entries(cases)) results[name]?.push(await work())
  }
  return results
}

function has(program: string): boolean {
  try {
    execFileSync(program, ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
