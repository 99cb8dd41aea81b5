import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorTable } from '../../packages/core/src/error-table.ts'
import { readDocument, words } from '../documents/markdown.ts'
import { readSources, root } from '../structure/sources.ts'
import { runCli } from './run-cli.ts'

/** What people see, at three widths and without a terminal, as files: `-u` renews them. */
const bin = join(root, 'packages/cli/bin/lifeboat.mjs')
const run = promisify(execFile)
let cluster: TemporaryCluster
let folder: string
let env: Record<string, string>

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await realpath(await mkdtemp(join(tmpdir(), 'lifeboat-screens-')))
  await cluster.createDatabase('shop')
  await cluster.sql(
    'shop',
    `CREATE TABLE orders (id int PRIMARY KEY, total int NOT NULL);
    INSERT INTO orders SELECT n, n FROM generate_series(1, 1500) AS n;
    CREATE TABLE customers AS SELECT n AS id, 'Customer ' || n AS name FROM generate_series(1, 300) AS n`,
  )
  env = {
    ...{ DATABASE_URL: cluster.url('shop'), LIFEBOAT_REPOSITORY: join(folder, 'repository'), TZ: 'UTC' },
    LIFEBOAT_CATALOG: join(folder, 'catalog.db'),
  }
  const engine = createBackupEngine({
    ...{ database: env.DATABASE_URL ?? '', repository: env.LIFEBOAT_REPOSITORY ?? '', encryption: 'none' },
    catalog: env.LIFEBOAT_CATALOG,
  })
  await engine.repository.init()
  await engine.backups.create({ name: 'night', description: 'every row of the shop', tags: { release: '1' } })
  await engine.backups.create({ name: 'day' })
  await engine.drills.run('latest')
  await engine.config.change({ auto_backup_enabled: true })
  await engine.stop()
  await cluster.sql('shop', 'UPDATE orders SET total = 0 WHERE id <= 1200; INSERT INTO orders VALUES (9001, 1)')
})
afterAll(async () => {
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

describe.skipIf(!hasProgram('script'))('the screens of', () => {
  test.each([
    ['list'],
    ['show', '1'],
    ['status'],
    ['restore', '1', '--dry-run'],
    ['lost', '1'],
    ['drills'],
    ['schedule', '--count', '2'],
    ['doctor'],
  ])('lifeboat %s', async (...args) => {
    const [at60, at80, at120, piped] = await Promise.all([
      ...[60, 80, 120].map((columns) => inTerminal(columns, args)),
      runCli(args, { env }).then(({ code, stdout, stderr }) => ({ code, text: `${stderr}${stdout}` })),
    ])
    const screens = [at60, at80, at120, piped].map((screen) => screen as { text: string; code: number })
    for (const [index, columns] of [60, 80, 120].entries()) {
      const long = (screens[index]?.text ?? '').split('\n').filter((line) => [...line].length > columns)
      // A command to copy and a word that is longer than the line stay in one piece.
      expect(long.filter((line) => !/^\s*([\w ]+: +)?lifeboat |^\s*(checksum +)?\S+$/.test(line))).toEqual([])
    }
    const titles = ['at 60 columns', 'at 80 columns', 'at 120 columns', 'without a terminal']
    const whole = stable(screens[3]?.text ?? '')
    const golden = screens.map(
      ({ text, code }, at) => `--- ${titles[at]}\n${unbroken(stable(text), whole)}\n(exit code ${code})\n`,
    )
    await expect(`$ lifeboat ${args.join(' ')}\n\n${golden.join('\n')}`).toMatchFileSnapshot(`screens/${args[0]}.txt`)
  })
})

describe('the table of exit codes in docs/cli.md', () => {
  const section = readDocument('docs/cli.md').split('### Exit codes')[1]?.split('\n## ')[0] ?? ''
  const [table = '', answers = ''] = section.split('Of these commands')
  const rows = [...table.matchAll(/^\| (\d+|that of the program) \|.*\| `lifeboat (.*)` \|$/gm)]

  test.each(rows.map(([, code = '', line = '']) => [line, code]))('lifeboat %s ends with %s', async (line, code) => {
    const interrupted = code === '130' ? { signalWhen: { stderr: /opening/, signal: 'SIGINT' as const } } : {}
    // What is to be interrupted waits for a lock: it cannot have ended before.
    const holder = new Client({ connectionString: cluster.url('shop') })
    await holder.connect()
    await holder.query(code === '130' ? 'BEGIN; LOCK TABLE orders' : 'SELECT 1')
    const ended = await runCli(words(line), { env, ...interrupted }).finally(() => holder.end())
    expect(ended.code, ended.stderr).toBe(code === 'that of the program' ? 7 : Number(code))
  })

  test('has every code that an error or a command can end with', () => {
    expect(rows.length).toBeGreaterThan(7)
    const told = new Set(rows.map(([, code]) => Number(code)).filter((code) => !Number.isNaN(code)))
    expect(told).toEqual(new Set([0, ...Object.values(errorTable).map(({ exitCode }) => exitCode)]))
  })

  test('names the commands whose answer sets the exit code', () => {
    const setters = readSources('packages/cli/src/commands/*.ts').filter(({ path, text }) =>
      // export says 1 for a pipe that breaks, and nothing of what it found.
      path.endsWith('/export.ts') ? false : /process\.exitCode = (1|.* 1)$|\) process\.exitCode = 1$/m.test(text),
    )
    const named = [...answers.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([\w-]+)`/g)].map(([, name]) => name),
    )
    const files = setters.map(({ path }) => path.replace(/.*\/|\.ts$/g, ''))
    expect(named.sort()).toEqual(files.sort())
  })
})

/** What a terminal of that width gets to see. */
async function inTerminal(columns: number, args: string[]): Promise<{ text: string; code: number }> {
  const line = `stty cols ${columns}; ${process.execPath} ${bin} ${args.join(' ')} --quiet; echo "exit $?"`
  const child = run('script', ['-qec', line, '/dev/null'], {
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', NO_COLOR: '1', ...env },
  })
  child.child.stdin?.end()
  const text = (await child).stdout.replaceAll('\r', '')
  return { text: text.replace(/exit \d+\n$/, ''), code: Number(/exit (\d+)\n$/.exec(text)?.[1]) }
}

const ofThisRun: [RegExp, string][] = [
  [/\d{4}-\d\d-\d\d\s+\d\d:\d\d(:\d\d\s+UTC|Z)/g, 'TIME'],
  [/just\s+now|\d+\s+minutes?\s+ago/g, 'AGO'],
  [/\b[a-z](?=[0-9a-hjkmnp-tv-z]*\d)[0-9a-hjkmnp-tv-z]{15}\b/g, 'ID'],
  [/plan\s+[0-9a-f]{12}/g, 'plan HASH'],
  [/\b[0-9a-f]{64}\b/g, 'SHA256'],
  [/\b[\d.]+\s+(ms|s|min \d+ s)(?=\s|$|[,.;)])/gm, 'SPAN'],
  [/\b[\d.]+\s+(B|kB|MB|GB|TB)\b/g, 'SIZE'],
  [/(PostgreSQL|Node)\s+[\d.]+(\s+\([^)]*\))?/g, '$1 VERSION'],
  [/pg_dump\s+\S+\s+is\s+at\s+\S+/g, 'pg_dump VERSION is at PATH'],
  [/\w+@127\.0\.0\.1:\d+/g, 'ROLE@HOST:PORT'],
  [/\bby\s+\S+\s+\(api\)/g, 'by NAME (api)'],
  [/takes\s+\d+\s+connections\s+and\s+a\s+restore\s+\d+/g, 'takes N connections and a restore N'],
]
const placeholder = /FOLDER|TIME|AGO|\bID\b|HASH|SHA256|SPAN|SIZE|VERSION|PORT|NAME|takes N/

/** Without ids, times and figures of this run. What they were padded to is gone with them: two spaces between columns. */
function stable(text: string): string {
  const without = ofThisRun.reduce(
    (kept, [found, name]) => kept.replace(found, name),
    text.replaceAll(folder, 'FOLDER'),
  )
  return without.replace(/(?<=\S) {2,}/g, '  ').trimEnd()
}

/** Where a line with something of this run was broken depends on this run: such lines are put together again. */
function unbroken(text: string, whole: string): string {
  const lines = whole.split('\n').filter((line) => placeholder.test(line))
  return lines.reduce((kept, line) => {
    const words = line
      .trim()
      .split(/\s+/)
      .map((word) => word.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
    return kept.replace(new RegExp(`^ *${words.join('\\s+')}$`, 'm'), () => line)
  }, text)
}

function hasProgram(name: string): boolean {
  try {
    execFileSync('which', [name], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
