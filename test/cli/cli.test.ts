import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { some } from '../runner/counts.ts'
import { cheapenPassphrase } from './cheap-passphrase.ts'
import { runCli } from './run-cli.ts'

const commands = [
  'init',
  'backup',
  'list',
  'show',
  'compare',
  'verify',
  'restore',
  'undo',
  'discard',
  'export',
  'pin',
  'unpin',
  'delete',
  'prune',
  'check',
  'doctor',
  'status',
]

let cluster: TemporaryCluster
let folder: string
let env: Record<string, string>

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-cli-'))
  await cluster.createDatabase('app')
  await cluster.sql(
    'app',
    `CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users SELECT i, 'user ' || i FROM generate_series(1, 5000) i`,
  )
  await mkdir(join(folder, 'uploads'))
  await writeFile(join(folder, 'uploads', 'one.txt'), 'first upload')
  await writeFile(join(folder, 'passphrase'), 'correct horse battery staple\n')
  env = {
    DATABASE_URL: cluster.url('app'),
    LIFEBOAT_REPOSITORY: join(folder, 'repository'),
    LIFEBOAT_PASSPHRASE: 'correct horse battery staple',
  }
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

describe('before there is anything', () => {
  test('init without a key and without a terminal is a usage error', async () => {
    const { code, stderr } = await runCli(['init', '--repository', join(folder, 'nokey')])
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('KEY_MISSING') })
  })

  test('no repository', async () => {
    const { code, stderr } = await runCli(['list'])
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('LIFEBOAT_REPOSITORY') })
  })

  test('not a repository', async () => {
    const { code, stderr } = await runCli(['list', '--repository', join(folder, 'uploads')])
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('NOT_A_REPOSITORY') })
  })

  const misused = [
    [['frobnicate']],
    [['backup', '--nonsense']],
    [['show']],
    [['verify', 'latest', '--level', 'deep']],
    [['restore', 'latest', '--strategy', 'magic']],
  ]
  test.each(some(misused, 2))('%j is a usage error', async (args) => {
    expect((await runCli(args, { env })).code).toBe(2)
  })

  test.each(some(commands, 3))('%s --help has examples', async (command) => {
    const { code, stdout } = await runCli([command, '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain('Examples:')
  })
})

describe('the life of a backup', () => {
  test('init', async () => {
    const made = await runCli(['init', '--json'], { env })
    expect(made.code, made.stderr).toBe(0)
    expect(made.json()).toMatchObject({
      repository: { encryption: 'aes-256-gcm', location: expect.stringContaining('repository') },
    })
    const again = await runCli(['init'], { env })
    expect({ code: again.code, stderr: again.stderr }).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('REPOSITORY_EXISTS'),
    })
    await cheapenPassphrase(env.LIFEBOAT_REPOSITORY as string, env.LIFEBOAT_PASSPHRASE as string)
  })

  test('status fails while there is no backup', async () => {
    expect((await runCli(['status'], { env })).code).toBe(1)
  })

  test('backup with media, tags and a name', async () => {
    const made = await runCli(
      ['backup', '--name', 'first', '--media', join(folder, 'uploads'), '--tag', 'release=1', '--json'],
      { env },
    )
    expect(made.code, made.stderr).toBe(0)
    expect(made.json()).toMatchObject({
      backup: {
        number: 1,
        name: 'first',
        database: 'app',
        status: 'completed',
        row_count: 5000,
        include_media: true,
        tags: { release: '1' },
      },
    })
    expect(made.stderr).not.toContain('correct horse')
  })

  test('a wrong passphrase opens nothing', async () => {
    const { code, stderr } = await runCli(['list'], { env: { ...env, LIFEBOAT_PASSPHRASE: 'wrong' } })
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('WRONG_KEY') })
    const { LIFEBOAT_PASSPHRASE: _, ...without } = env
    const none = await runCli(['list'], { env: without })
    expect({ code: none.code, stderr: none.stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('KEY_MISSING'),
    })
  })

  test('list and show, for people and as JSON', async () => {
    const list = await runCli(['list', '--json'], { env })
    expect(list.json()).toMatchObject({
      backups: [{ number: 1, name: 'first', checksum: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    })
    expect((await runCli(['list'], { env })).stdout).toMatch(/first/)
    const show = await runCli(['show', '1', '--json'], { env })
    expect(show.json()).toMatchObject({ backup: { table_counts: { 'public.users': 5000 } } })
    expect((await runCli(['show', 'latest'], { env })).stdout).toContain('public.users')
    expect((await runCli(['show', '99'], { env })).code).toBe(1)
    const compared = await runCli(['compare', '1', 'live', '--json'], { env })
    expect(JSON.parse(compared.stdout).comparison.tables).toContainEqual(
      expect.objectContaining({
        table: 'public.users',
        schema: 'same',
        after: expect.objectContaining({ rows: 5000 }),
      }),
    )
    expect((await runCli(['compare', 'latest'], { env })).stdout).toContain('no table differs')
    expect((await runCli(['compare', '1', '99'], { env })).code).toBe(1)
  })

  test('verify on every level', async () => {
    const verified = await runCli(
      ['verify', 'latest', '--level', 'manifest', 'checksums', 'structure', 'restore', '--json'],
      { env },
    )
    expect(verified.code, verified.stderr).toBe(0)
    expect(verified.json()).toMatchObject({ verification: { ok: true } })
    expect(await cluster.sql('postgres', `SELECT datname FROM pg_database WHERE datname LIKE 'lifeboat%'`)).toEqual([])
  })

  test('export to a file and to a pipe', async () => {
    const output = join(folder, 'app.dump')
    const exported = await runCli(['export', '1', '--output', output, '--json'], { env })
    expect(exported.code, exported.stderr).toBe(0)
    expect((await readFile(output)).subarray(0, 5).toString()).toBe('PGDMP')
    const media = await runCli(['export', '1', '--part', 'media', '--output', join(folder, 'media.tar.gz')], { env })
    expect(media.code, media.stderr).toBe(0)
    expect((await runCli(['export', '1', '--output', '-'], { env })).stdout.slice(0, 5)).toBe('PGDMP')
  })

  test('a restore is refused without confirmation, planned by --dry-run, done with --yes', async () => {
    await cluster.sql('app', 'DELETE FROM users WHERE id > 10')
    const dry = await runCli(['restore', 'latest', '--dry-run', '--json'], { env })
    expect(dry.code, dry.stderr).toBe(0)
    expect(dry.json()).toMatchObject({ plan: { strategy: 'swap', refusals: [] } })
    const unconfirmed = await runCli(['restore', 'latest'], { env })
    expect({ code: unconfirmed.code, stderr: unconfirmed.stderr }).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('--yes'),
    })
    expect(await cluster.sql('app', 'SELECT count(*)::int AS n FROM users')).toEqual([{ n: 10 }])
    const done = await runCli(['restore', 'latest', '--yes', '--json'], { env })
    expect(done.code, done.stderr).toBe(0)
    expect(done.json()).toMatchObject({
      restore: {
        database: 'app',
        status: 'succeeded',
        rows: 5000,
        kept_database: expect.stringContaining('app_before_'),
      },
    })
    expect(await cluster.sql('app', 'SELECT count(*)::int AS n FROM users')).toEqual([{ n: 5000 }])
  })

  test('the safety backup is there', async () => {
    const list = (await runCli(['list', '--json'], { env })).json() as {
      backups: { name: string; trigger: string; row_count: number }[]
    }
    expect(list.backups[0]).toMatchObject({ name: 'Pre-restore safety backup', trigger: 'pre_restore', row_count: 10 })
  })

  test('undo and discard', async () => {
    expect((await runCli(['restore', '--list', '--json'], { env })).json()).toMatchObject({
      restores: [{ database: 'app' }],
    })
    const undone = await runCli(['undo', 'latest', '--yes'], { env })
    expect(undone.code, undone.stderr).toBe(0)
    expect(await cluster.sql('app', 'SELECT count(*)::int AS n FROM users')).toEqual([{ n: 10 }])
    const discarded = await runCli(['discard', 'latest', '--yes'], { env })
    expect(discarded.code, discarded.stderr).toBe(0)
    expect(await cluster.sql('postgres', `SELECT datname FROM pg_database WHERE datname LIKE 'app_before%'`)).toEqual(
      [],
    )
    expect((await runCli(['undo', 'latest', '--yes'], { env })).code).toBe(1)
  })

  test('pin, delete, prune, check, doctor, status', async () => {
    expect((await runCli(['pin', '1'], { env })).code).toBe(0)
    expect((await runCli(['delete', '1', '--yes'], { env })).code).toBe(3)
    expect((await runCli(['unpin', '1'], { env })).code).toBe(0)
    expect((await runCli(['delete', '1', '--yes'], { env })).code).toBe(0)
    expect((await runCli(['delete', 'latest', '--yes'], { env })).code, 'the last good one').toBe(3)
    expect((await runCli(['prune', '--dry-run', '--json'], { env })).json()).toMatchObject({ prune: { dryRun: true } })
    expect((await runCli(['prune'], { env })).code).toBe(0)
    const checked = await runCli(['check', '--read-data', '--json'], { env })
    expect(checked.json()).toMatchObject({ check: { ok: true, problems: [] } })
    const doctor = await runCli(['doctor', '--json'], { env })
    expect(doctor.code, doctor.stdout).toBe(0)
    expect((await runCli(['status'], { env })).code).toBe(0)
  })

  test('a damaged repository is found, and the exit code says so', async () => {
    const list = (await runCli(['list', '--json'], { env })).json() as { backups: { id: string }[] }
    const manifest = join(folder, 'repository', 'backups', list.backups[0]?.id as string)
    const data = await readFile(manifest)
    await writeFile(
      manifest,
      Buffer.concat([data.subarray(0, 100), Buffer.from([(data[100] as number) ^ 1]), data.subarray(101)]),
    )
    expect((await runCli(['check'], { env })).code).toBe(1)
    const damaged = (await runCli(['list', '--json'], { env })).json()
    expect(damaged).toMatchObject({ backups: [], damaged: [{ code: 'REPOSITORY_DAMAGED' }] })
    await writeFile(manifest, data)
  })
})

describe('what goes wrong outside', () => {
  const unusable: [name: string, url: () => string, code: string][] = [
    ['unreachable', () => 'postgresql://postgres@127.0.0.1:1/app', 'DATABASE_UNREACHABLE'],
    ['wrong password', () => cluster.url('app', { name: 'postgres', password: 'canary-secret' }), 'DATABASE_AUTH'],
    ['no such database', () => cluster.url('absent'), 'DATABASE_NOT_FOUND'],
  ]
  test.each(some(unusable, 2))('%s', async (_name, url, code) => {
    const result = await runCli(['backup', '--json'], { env: { ...env, DATABASE_URL: url() } })
    expect(result.code).toBe(1)
    expect(result.json()).toMatchObject({ error: { code, advice: expect.stringMatching(/./) } })
    expect(result.stdout + result.stderr).not.toContain('canary-secret')
  })

  test.each(some(['SIGINT', 'SIGTERM'] as const, 1))(
    '%s ends a backup with 130 and leaves nothing visible',
    async (signal) => {
      const before = (await runCli(['list', '--json'], { env })).json() as { backups: unknown[] }
      await cluster.sql(
        'app',
        'CREATE TABLE IF NOT EXISTS slow AS SELECT i, repeat(md5(i::text), 20) AS pad FROM generate_series(1, 80000) i',
      )
      const { code, stderr } = await runCli(['backup'], { env, signalWhen: { stderr: /rows/, signal } })
      expect({ code, stderr }).toMatchObject({ code: 130, stderr: expect.stringContaining('cleaning up') })
      const after = (await runCli(['list', '--json'], { env })).json() as { backups: unknown[] }
      expect(after.backups).toHaveLength(before.backups.length)
      // Backends of a process that has ended hear of it a moment later.
      await expect
        .poll(() => cluster.sql('postgres', `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'lifeboat%'`))
        .toEqual([])
      expect((await runCli(['backup'], { env })).code, 'the lease is free again').toBe(0)
    },
  )
})
