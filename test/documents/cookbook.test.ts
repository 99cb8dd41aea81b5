import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resolveConnection } from '../../packages/core/src/postgres/connection.ts'
import { cheapenPassphrase } from '../cli/cheap-passphrase.ts'
import { profileNames } from '../managed/profile.ts'
import { some } from '../runner/counts.ts'
import { type PostgresPrograms, postgresPrograms } from '../servers/postgres-versions.ts'
import { root } from '../structure/sources.ts'
import { codeBlocks, readDocument, words } from './markdown.ts'

/** docs/cookbook.md: its lines are run as they stand, with what is in capitals filled in. */
const document = readDocument('docs/cookbook.md')
const bin = join(root, 'packages/cli/bin/lifeboat.mjs')
/** The parser that knip brings along. */
const { parseAllDocuments } = createRequire(join(root, 'node_modules/knip/package.json'))('yaml') as {
  parseAllDocuments(text: string): { errors: unknown[]; toJS(): never }[]
}
const majors = some([17, 18] as const, 1)
const newer = await Promise.all(majors.map(async (major) => ({ major, programs: await postgresPrograms(major) })))
const fetched = newer.flatMap(({ programs }) => ('unavailable' in programs ? [] : [programs]))
const run = promisify(execFile)

/** What timers run. */
const first = ['backup', '--quiet']
let cluster: TemporaryCluster
let folder: string
let env: Record<string, string>

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-cookbook-'))
  await cluster.createDatabase('shop')
  await cluster.createDatabase('blog')
  await cluster.sql(
    'shop',
    `CREATE TABLE customers (id int PRIMARY KEY, name text);
    CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers, total int NOT NULL);
    CREATE INDEX ON orders (customer);
    INSERT INTO customers SELECT n, 'Customer ' || n FROM generate_series(1, 50) AS n;
    INSERT INTO orders SELECT n, n % 50 + 1, n FROM generate_series(1, 2000) AS n`,
  )
  await cluster.sql('blog', 'CREATE TABLE posts AS SELECT generate_series(1, 10) AS id')
  const [block] = codeBlocks(`\n${document}`, '# Cookbook')
  const names = [...(block?.text ?? '').matchAll(/^export (\w+)=/gm)].map(([, name = '']) => name)
  env = {
    ...{ DATABASE_URL: cluster.url('shop'), LIFEBOAT_REPOSITORY: join(folder, 'backups') },
    ...{ LIFEBOAT_PASSPHRASE: 'a passphrase of the cookbook', LIFEBOAT_CATALOG: join(folder, 'lifeboat.db') },
  }
  expect(names).toEqual(Object.keys(env))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n')
  await writeFile(join(folder, 'migrate.js'), '// Nothing is pending.\n')
  await lifeboat(['init'])
  await cheapenPassphrase(join(folder, 'backups'), 'a passphrase of the cookbook')
  await lifeboat(first)
})
afterAll(async () => {
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** Runs the command in the folder of the application; anything but the exit code 0 fails. */
async function lifeboat(args: string[], own: Record<string, string> = env): Promise<string> {
  const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter)
  const ended = await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) =>
    execFile(
      process.execPath,
      [bin, ...args],
      { cwd: folder, env: { PATH: path, HOME: folder, ...own } },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    ),
  )
  expect(ended.code, `${args.join(' ')}\n${ended.stdout}${ended.stderr}`).toBe(0)
  return ended.stdout
}

/** Programs of every system that recipes name. */
const unpackers = ['gunzip', 'tar']

/** The lines of a recipe, one after the other; what they print. */
async function follow(heading: string, fill: Record<string, string> = {}, own = { ...env }): Promise<string[]> {
  const lines = codeBlocks(document, heading)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.trim().split('\n'))
  expect(lines.length).toBeGreaterThan(0)
  const filled = (text: string) => Object.entries(fill).reduce((kept, [name, value]) => kept.replace(name, value), text)
  const said: string[] = []
  for (const line of lines) {
    const [program, ...args] = words(line).map(filled)
    const value = /^export (\w+)='(.*)'$/.exec(line)
    if (value?.[1]) own[value[1]] = filled(value[2] ?? '')
    else if (program === 'unset') delete own[args[0] ?? '']
    else if (unpackers.includes(program ?? '')) await run(program ?? '', args, { cwd: folder })
    else {
      expect([program, args.shift()], line).toEqual(['npx', 'lifeboat'])
      const into = args.indexOf('>')
      const file = into < 0 ? undefined : args.splice(into)[1]
      const stdout = await lifeboat(args, own)
      if (file) await writeFile(join(folder, file), stdout)
      said.push(stdout)
    }
  }
  return said
}

const totals = (database = 'shop') => cluster.sql(database, 'SELECT sum(total)::int AS sum FROM orders')
const numberOf = (text: string) => /[Bb]ackup (\d+)/.exec(text)?.[1] ?? ''

test('before each deploy, in GitHub Actions', async () => {
  const [block] = codeBlocks(document, '## Before each deploy, in GitHub Actions')
  const [parsed] = parseAllDocuments(block?.text ?? '')
  expect(parsed?.errors).toEqual([])
  const workflow = parsed?.toJS() as unknown as { jobs: { deploy: { env: object; steps: { run?: string }[] } } }
  expect(Object.keys(env)).toEqual(expect.arrayContaining(Object.keys(workflow.jobs.deploy.env)))
  const commands = workflow.jobs.deploy.steps.flatMap(({ run }) => (run?.startsWith('npx lifeboat ') ? [run] : []))
  expect(commands).toHaveLength(2)
  for (const command of commands) await lifeboat(words(command.replace('$GITHUB_SHA', 'abc123')).slice(2))
  expect(await lifeboat(['show', 'latest'])).toMatch(/before abc123/)
})

test('a restore test every week', async () => {
  const [, , drills] = await follow('## A restore test every week')
  expect(drills).toContain('good')
})

test('staging without personal data', async () => {
  await cluster.createDatabase('staging')
  await cluster.sql('staging', `CREATE TABLE customers (id int PRIMARY KEY, name text)`)
  const config = join(folder, 'lifeboat.config.js')
  const masking = {
    key: 'a key of the cookbook',
    tables: { customers: { id: 'keep', name: 'name' }, orders: 'keep' },
  }
  const targets = { staging: { url: cluster.url('staging') } }
  await writeFile(config, `export default ${JSON.stringify({ masking, targets })}\n`)
  const said = await follow('## Staging without personal data').finally(() => rm(config))
  expect(said[3]).toContain('none found')
  const names = await cluster.sql<{ name: string }>('staging', 'SELECT name FROM customers')
  expect(names).toHaveLength(50)
  expect(names.filter(({ name }) => name.startsWith('Customer '))).toEqual([])
})

test('take back one table, take back one tenant', async () => {
  const before = await totals()
  await cluster.sql('shop', 'UPDATE orders SET total = 0')
  const [lost] = await follow('## Take back one table')
  expect(lost).toContain('2,000 rows changed')
  expect(await totals()).toEqual(before)

  await cluster.sql('shop', 'UPDATE orders SET total = 0 WHERE customer IN (7, 8)')
  await follow('## Take back one tenant')
  expect(
    await cluster.sql(
      'shop',
      'SELECT customer, sum(total)::int > 0 AS has FROM orders WHERE customer IN (7, 8) GROUP BY 1 ORDER BY 1',
    ),
  ).toEqual([
    { customer: 7, has: true },
    { customer: 8, has: false },
  ])
})

describe.each(newer)('to another major version: $major', ({ major, programs }) => {
  const why = 'unavailable' in programs ? ` (skipped: ${programs.unavailable})` : ''
  test.skipIf(why)(`the recipe${why}`, async () => {
    const { server, client } = programs as PostgresPrograms
    const other = await startTemporaryCluster({ binDirectory: server })
    try {
      const at = new URL(other.url('postgres'))
      const own = { ...env, PATH: [client, join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter) }
      const next = Number(numberOf(await lifeboat(['backup', '--quiet']))) + 1
      const fill = {
        'postgresql://USER:PASSWORD@NEW_HOST:PORT': `${at.protocol}//${at.username}:${at.password}@${at.host}`,
      }
      await follow('## To another major version of PostgreSQL', { ...fill, '41': String(next) }, own)
      expect(await other.sql('shop', 'SELECT sum(total)::int AS sum FROM orders')).toEqual(await totals())
      expect(await other.sql('shop', 'SHOW server_version_num')).toEqual([
        { server_version_num: expect.stringMatching(new RegExp(`^${major}`)) },
      ])
    } finally {
      await other.stop()
    }
  })
})

test('by cron', async () => {
  const [block] = codeBlocks(document, '## By cron')
  await writeFile(join(folder, 'passphrase'), env.LIFEBOAT_PASSPHRASE ?? '')
  const { LIFEBOAT_PASSPHRASE: _, ...own } = env
  const lines = (block?.text ?? '').trim().split('\n')
  expect(lines).toHaveLength(2)
  for (const line of lines) {
    const [, minute, hour, command = ''] = /^(\d+) (\d+) \* \* \* cd \/srv\/shop && npx lifeboat (.*)$/.exec(line) ?? []
    expect([Number(minute) < 60, Number(hour) < 24]).toEqual([true, true])
    await lifeboat(words(command.replace('/etc/shop-passphrase', './passphrase')), own)
  }
})

test('by a systemd timer', async () => {
  const [service, timer] = codeBlocks(document, '## By a systemd timer')
  const [, command = ''] = /^ExecStart=\/usr\/bin\/npx lifeboat (.*)$/m.exec(service?.text ?? '') ?? []
  // The very command that began this file.
  expect(words(command)).toEqual(first)
  const analyze = '/usr/bin/systemd-analyze'
  if (!existsSync(analyze)) return void process.stderr.write('Not tested: systemd-analyze is not here\n')
  const paths = [join(folder, 'lifeboat.service'), join(folder, 'lifeboat.timer')]
  const written = (service?.text ?? '').replace('/usr/bin/npx', process.execPath)
  await writeFile(paths[0] ?? '', written)
  await writeFile(paths[1] ?? '', timer?.text ?? '')
  const check = (...args: string[]) =>
    new Promise<{ failed: boolean; output: string }>((resolve) =>
      execFile(analyze, args, (error, stdout, stderr) => resolve({ failed: error !== null, output: stdout + stderr })),
    )
  const found = await check('verify', '--recursive-errors=no', ...paths)
  expect(found.output).not.toMatch(/lifeboat\.(service|timer)/)
  expect(found.failed, found.output).toBe(false)
  const [, calendar = ''] = /^OnCalendar=(.*)$/m.exec(timer?.text ?? '') ?? []
  expect(await check('calendar', calendar)).toMatchObject({ failed: false })
})

test('in Kubernetes', async () => {
  const blocks = codeBlocks(document, '## In Kubernetes').map(({ text }) => parseAllDocuments(text))
  expect(blocks.flat().flatMap(({ errors }) => errors)).toEqual([])
  interface Container {
    command: string[]
    env?: { name: string }[]
    volumeMounts?: { name: string }[]
  }
  type Pod = {
    spec: { containers: [Container]; volumes?: { name: string; persistentVolumeClaim?: { claimName: string } }[] }
  }
  interface Manifest {
    kind: string
    metadata: { name: string }
    spec: {
      template: Pod
      selector: { matchLabels: object }
      schedule: string
      jobTemplate: { spec: { template: Pod } }
    }
  }
  const manifests = blocks.flat().map((one) => one.toJS() as unknown as Manifest)
  expect(manifests.map(({ kind }) => kind)).toEqual(['PersistentVolumeClaim', 'Deployment', 'CronJob'])
  const [claim, deployment, cron] = manifests as [Manifest, Manifest, Manifest]
  const { containers, volumes } = deployment.spec.template.spec
  expect(deployment.spec.template).toMatchObject({ metadata: { labels: deployment.spec.selector.matchLabels } })
  expect(containers[0].volumeMounts?.map(({ name }) => name)).toEqual(volumes?.map(({ name }) => name))
  expect(volumes?.[0]?.persistentVolumeClaim?.claimName).toBe(claim.metadata.name)
  expect(cron.spec.schedule).toMatch(/^\d+ \d+ \* \* \*$/)
  expect(containers[0].command).toEqual(['npx', 'lifeboat', 'worker'])
  const [job] = cron.spec.jobTemplate.spec.template.spec.containers
  expect(job.command.slice(0, 2)).toEqual(['npx', 'lifeboat'])
  expect(job.command.slice(2)).toEqual(first)
})

test('a heartbeat', async () => {
  const asked: string[] = []
  const service = createServer((request, response) => {
    asked.push((request.url ?? '').replace(/\?.*/, ''))
    response.end('OK')
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
  try {
    const [block] = codeBlocks(document, '## A heartbeat')
    // Only where the service is: this machine's own addresses have to be allowed by name.
    const here = `http://127.0.0.1:${(service.address() as AddressInfo).port}/UUID`
    const config = (block?.text ?? '').replace('https://hc-ping.com/UUID', here)
    await writeFile(
      join(folder, 'lifeboat.config.ts'),
      config.replace('notifications: {', "notifications: { privateAddresses: ['127.0.0.0/8'],"),
    )
    const [, channels] = await follow('## A heartbeat')
    expect(channels).toContain('nightly')
    await expect.poll(() => asked).toEqual(['/UUID'])
  } finally {
    service.close()
    await rm(join(folder, 'lifeboat.config.ts'), { force: true })
  }
})

test('from pg_dump files', async () => {
  await lifeboat(['export', 'latest', '--output', 'nightly.dump', '--quiet'])
  await follow('## From pg_dump files', { '41': String(await nextNumber()) })
  expect(await totals('shop_november')).toEqual(await totals())
})

/** The number that the next backup gets. */
async function nextNumber(): Promise<number> {
  const { backups } = JSON.parse(await lifeboat(['list', '--json'])) as { backups: { number: number }[] }
  return Math.max(...backups.map(({ number }) => number)) + 1
}

/** What stock pg_dump writes with these arguments; of the newest version that is to be had. */
function pgDump(database: string, file: string, args: string[]) {
  const program = join(fetched.at(-1)?.client ?? '/usr/lib/postgresql/15/bin', 'pg_dump')
  return run(program, [...args, '-f', join(folder, file), '-d', cluster.url(database)])
}

test('from Databasus', async () => {
  const compression = fetched.length > 0 ? ['--compress=zstd:5'] : ['-Z', '5']
  await pgDump('shop', 'shop_backup.dump', ['-Fc', '--no-password', '--verbose', ...compression])
  await follow('## From Databasus', { '41': String(await nextNumber()) })
  expect(await totals('shop_databasus')).toEqual(await totals())
})

test('from DBackup: one database, and several', async () => {
  const form = ['-F', 'c', '-Z', '6']
  await pgDump('shop', 'nightly.sql', form)
  await run('gzip', ['nightly.sql'], { cwd: folder })
  for (const database of ['shop', 'blog']) await pgDump(database, `${database}.dump`, form)
  const names = ['manifest.json', 'shop.dump', 'blog.dump']
  await writeFile(join(folder, 'manifest.json'), '{ "version": 1, "databases": [] }\n')
  await run('tar', ['-cf', 'all.tar', ...names], { cwd: folder })
  for (const name of names) await rm(join(folder, name))
  await writeFile(join(folder, 'all.tar.gz'), gzipSync(await readFile(join(folder, 'all.tar'))))
  await rm(join(folder, 'all.tar'))

  const said = await follow('## From DBackup', { '41': String(await nextNumber()) })
  expect(await totals('shop_dbackup')).toEqual(await totals())
  const imported = said
    .at(-1)
    ?.split('\n')
    .filter((line) => /\b(shop|blog)\b/.test(line))
  expect(imported, said.at(-1)).toHaveLength(3)
})

test('managed PostgreSQL, by provider', async () => {
  const heading = '## Managed PostgreSQL, by provider'
  const rows = (document.split(`\n${heading}\n`)[1] ?? '').split(/^## /m)[0]?.match(/^\| [A-Z].*$/gm) ?? []
  expect(rows).toHaveLength(6)
  const tried = readDocument('docs/managed-postgresql.md')
  for (const row of rows) {
    const [, , urls = '', , way = '', profile = ''] = row.split(/ ?\| ?/)
    const written = [...urls.matchAll(/`(postgresql:[^`]+)`/g)].map(([, url = '']) => url)
    expect(written, row).not.toEqual([])
    // The files of authorities are not here.
    for (const url of written) resolveConnection(url.replace(/sslrootcert=[\w-]+\.\w+/, 'sslrootcert=system'))
    const [, name = ''] = /`([\w-]+)`/.exec(profile) ?? []
    expect(profileNames).toContain(name)
    const found = tried.split('\n').find((line) => line.startsWith(`| **${name}**`))
    expect(found?.split(' | ')[3]?.split(',')[0], row).toBe(way.split(':')[0])
  }
  // Of a catalog without the schedules of other recipes, which nothing fires here.
  const [doctor] = await follow(heading, {}, { ...env, LIFEBOAT_CATALOG: join(folder, 'first.db') })
  expect(doctor).toContain('restore')
})

test('the passphrase is lost', async () => {
  const lines = codeBlocks(document, '## The passphrase is lost')
  expect(lines).toHaveLength(2)
  await writeFile(join(folder, 'new-passphrase.txt'), 'a passphrase since the loss')
  const [kit] = lines
  await lifeboat(words(kit?.text.trim() ?? '').slice(2, -2)).then((text) =>
    writeFile(join(folder, 'print-me.txt'), text),
  )
  const printed = await readFile(join(folder, 'print-me.txt'), 'utf8')
  const key = printed.split('\n').filter((line) => /^\s*(\w+[ .:]+)?([0-9a-f]{4}[ -]){3,}/i.test(line))
  expect(key, printed).toHaveLength(4)
  await writeFile(join(folder, 'four-lines.txt'), `${key.join('\n')}\n`)
  const [, , list] = (await follow('## The passphrase is lost')).slice(1)
  expect(list).toContain('shop')
})

test('several replicas, several databases', async () => {
  const [replicas] = codeBlocks(document, '## Several replicas')
  const config = join(folder, 'lifeboat.config.ts')
  const { LIFEBOAT_CATALOG: _, DATABASE_URL: __, ...own } = env
  await writeFile(config, replicas?.text ?? '')
  const CATALOG_URL = await cluster.createDatabase('catalog')
  await follow('## Several replicas', {}, { ...env, ...own, LIFEBOAT_CATALOG: '', CATALOG_URL })
  expect(
    await cluster.sql('catalog', `SELECT count(*)::int > 0 AS used FROM pg_tables WHERE schemaname <> 'pg_catalog'`),
  ).toEqual([{ used: true }])

  const [databases] = codeBlocks(document, '## Several databases')
  await writeFile(config, databases?.text ?? '')
  const urls = { SHOP_URL: cluster.url('shop'), BLOG_URL: cluster.url('blog') }
  const [, , status] = await follow('## Several databases', {}, { ...own, ...urls } as typeof env)
  expect(status).toContain('"blog" is good')
  await rm(config)
})

test('behind a proxy: labels and template are YAML, and all blocks name the same place', () => {
  const [caddy, ...others] = codeBlocks(document, '## Behind a proxy')
  expect(caddy?.text).toContain('/api/backup/')
  expect(others).toHaveLength(2)
  for (const { text } of others) {
    const [parsed] = parseAllDocuments(text)
    expect(parsed?.errors).toEqual([])
    expect(JSON.stringify(parsed?.toJS())).toContain('/api/backup')
  }
})
