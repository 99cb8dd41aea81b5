import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from '../cli/run-cli.ts'

let cluster: TemporaryCluster
let root: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  root = await mkdtemp(join(tmpdir(), 'lifeboat-media-only-'))
})
afterAll(async () => {
  await cluster?.stop()
  await rm(root, { recursive: true, force: true })
})

async function shop(name: string) {
  const uploads = join(root, name, 'uploads')
  await mkdir(uploads, { recursive: true })
  await writeFile(join(uploads, 'a.txt'), 'first')
  await cluster.createDatabase(name)
  await cluster.sql(name, 'CREATE TABLE t AS SELECT 1 AS v')
  const repository = join(root, name, 'repository')
  const engine = createBackupEngine({
    database: cluster.url(name),
    repository,
    encryption: 'none',
    media: [uploads],
  })
  await engine.repository.init()
  const content = async () =>
    Object.fromEntries(
      await Promise.all(
        (await readdir(uploads)).map(async (file) => [file, await readFile(join(uploads, file), 'utf8')]),
      ),
    )
  const value = async () => (await cluster.sql<{ v: number }>(name, 'SELECT v FROM t'))[0]?.v
  return { engine, uploads, repository, content, value }
}

test('media alone are backed up and restored; the database stays as it is', async () => {
  const { engine, uploads, content, value } = await shop('alone')
  const first = await engine.backups.create({})
  const media = await engine.backups.create({ mediaOnly: true })
  expect(media).toMatchObject({
    ...{ media_only: true, include_media: true, media_size: 5, row_count: 0, table_count: 0, database: 'alone' },
    ...{ number: 2, lost_files: 0, database_size: 0, type: 'full' },
  })
  expect(await engine.backups.get('latest')).toMatchObject({ id: first.id })
  expect(await engine.backups.verify('2')).toMatchObject({ ok: true })

  await cluster.sql('alone', 'UPDATE t SET v = 2')
  await writeFile(join(uploads, 'a.txt'), 'second')
  await writeFile(join(uploads, 'b.txt'), 'new')
  const plan = await engine.restores.plan('latest', { strategy: 'media' })
  expect(plan).toMatchObject({ backup: { number: 2 }, strategy: 'media', replaces: false, refusals: [], lost: null })
  expect(plan.steps.map(({ id }) => id)).toEqual(['check-packs', 'safety-backup', 'media', 'swap-media'])
  expect(plan.warnings).toEqual([])
  const restored = await engine.restores.run('latest', { strategy: 'media', confirm: plan.hash })
  expect(restored).toMatchObject({ status: 'succeeded', strategy: 'media', problems: [], kept_database: null, rows: 0 })
  expect([await content(), await value()]).toEqual([{ 'a.txt': 'first' }, 2])

  // The way back: its safety backup, the same way. What was replaced is kept beside.
  const safety = await engine.backups.get(restored.safety_backup_id as string)
  expect(safety).toMatchObject({ media_only: true, trigger: 'pre_restore', media_size: 9 })
  await engine.restores.run(safety.id, { strategy: 'media', confirm: true })
  expect(await content()).toEqual({ 'a.txt': 'second', 'b.txt': 'new' })
  expect((await engine.restores.keptMedia({})).map(({ folder }) => folder)).toEqual([uploads, uploads])
  await engine.stop()
})

test('an ordinary backup with media gives them back without its database', async () => {
  const { engine, uploads, content, value } = await shop('ordinary')
  await engine.backups.create({ includeMedia: true })
  await cluster.sql('ordinary', 'UPDATE t SET v = 2')
  await rm(join(uploads, 'a.txt'))
  await engine.restores.run('1', { strategy: 'media', safetyBackup: false, confirm: true })
  expect([await content(), await value()]).toEqual([{ 'a.txt': 'first' }, 2])
  await engine.stop()
})

test('nothing of the server is changed for media alone, roles that are missing neither', async () => {
  const { engine } = await shop('roles')
  await cluster.sql('roles', 'CREATE ROLE media_reader; GRANT SELECT ON t TO media_reader')
  await engine.backups.create({ includeMedia: true })
  await cluster.sql('roles', 'REVOKE ALL ON t FROM media_reader; DROP ROLE media_reader')
  await engine.restores.run('1', { strategy: 'media', createRoles: true, confirm: true })
  expect(await cluster.sql('roles', "SELECT 1 FROM pg_roles WHERE rolname = 'media_reader'")).toEqual([])
  await engine.stop()
})

test('broken off before the folders are exchanged, it leaves them as they were, and nothing beside them', async () => {
  const { engine, uploads, content } = await shop('aborted')
  await engine.backups.create({ mediaOnly: true })
  await writeFile(join(uploads, 'a.txt'), 'since')
  const controller = new AbortController()
  const run = engine.restores.run('1', {
    ...{ strategy: 'media', confirm: true, signal: controller.signal },
    report: (event) => {
      if (event.type === 'phase' && event.phase === 'media') controller.abort()
    },
  })
  await expect(run).rejects.toMatchObject({ code: 'ABORTED' })
  expect(await content()).toEqual({ 'a.txt': 'since' })
  expect((await readdir(join(root, 'aborted'))).toSorted()).toEqual(['repository', 'uploads'])
  await engine.stop()
})

test('it is no backup of the database: every way to one says so, and nothing is counted together', async () => {
  const { engine } = await shop('refused')
  await engine.backups.create({ mediaOnly: true })
  const refusal = { code: 'BACKUP_MEDIA_ONLY' }
  const plan = await engine.restores.plan('1', {})
  expect(plan.refusals).toMatchObject([refusal])
  await expect(engine.restores.run('1', { confirm: true })).rejects.toMatchObject({ code: 'RESTORE_REFUSED' })
  await expect(engine.backups.get('latest')).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' })
  await expect(engine.backups.export('1', { part: 'database', file: join(root, 'x') })).rejects.toMatchObject(refusal)
  await expect(engine.backups.verify('1', { levels: ['restore'] })).rejects.toMatchObject(refusal)
  await expect(engine.backups.compare('1', { with: 'live' })).rejects.toMatchObject(refusal)
  await expect(engine.backups.schemaDiff('1', { with: 'live' })).rejects.toMatchObject(refusal)
  await expect(engine.rows.lost('1', {})).rejects.toMatchObject(refusal)
  await expect(engine.rows.query('1', { sql: 'SELECT 1' })).rejects.toMatchObject(refusal)
  await expect(engine.drills.run('1')).rejects.toMatchObject(refusal)
  expect(await engine.status()).toMatchObject({ level: 'failed', last_backup: null })
  expect((await engine.backups.forecast({})).backups).toEqual([])
  // The next backup of the database is not compared with it.
  await engine.backups.create({})
  const { change } = await engine.backups.details('2')
  expect(change?.reason).toBe('no earlier backup of this very database')
  // Each is the last good one of its kind.
  await expect(engine.backups.delete('1', { confirm: true })).rejects.toMatchObject({ code: 'BACKUP_LAST_GOOD' })
  await expect(engine.backups.delete('2', { confirm: true })).rejects.toMatchObject({ code: 'BACKUP_LAST_GOOD' })
  await engine.stop()
})

test('without media in it, or without a folder, it is refused', async () => {
  const { engine, repository } = await shop('without')
  await engine.backups.create({})
  expect((await engine.restores.plan('1', { strategy: 'media' })).refusals).toMatchObject([{ code: 'MEDIA_NONE' }])
  const other = createBackupEngine({ database: cluster.url('without'), repository, encryption: 'none' })
  await expect(other.backups.create({ mediaOnly: true })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  const { id } = await engine.backups.create({ mediaOnly: true })
  const target = { strategy: 'media', targetDatabase: 'elsewhere' } as const
  expect((await engine.restores.plan(id, target)).refusals.map(({ code }) => code)).toContain('MEDIA_TARGET_DATABASE')
  await Promise.all([engine.stop(), other.stop()])
})

test('by the command', { timeout: 120_000 }, async () => {
  const { engine, uploads, repository, content } = await shop('command')
  await engine.stop()
  const env = { DATABASE_URL: cluster.url('command'), LIFEBOAT_REPOSITORY: repository, LIFEBOAT_MEDIA: uploads }
  const made = await runCli(['backup', '--media-only', '--media', uploads, '--encryption', 'none'], { env })
  expect(made).toMatchObject({ code: 0 })
  expect(made.stdout).toContain('media of')
  const listed = await runCli(['list', '--encryption', 'none'], { env })
  expect(listed.stdout).toMatch(/\bmedia\b/)
  const saved = await runCli(
    [
      ...['schedule-save', 'hourly-media', '--kind', 'backup', '--cron', '5 * * * *', '--input', 'media_only=true'],
      ...['--encryption', 'none', '--catalog', join(root, 'catalog.sqlite'), '--json'],
    ],
    { env },
  )
  expect(saved).toMatchObject({ code: 0 })
  expect(saved.stdout).toMatch(/"media_only": ?true/)
  await writeFile(join(uploads, 'a.txt'), 'overwritten')
  const refused = await runCli(['restore', '1', '--yes', '--encryption', 'none'], { env })
  expect(refused.code).toBe(3)
  expect(refused.stdout).toContain('--strategy media')
  const restored = await runCli(
    ['restore', 'latest', '--strategy', 'media', '--media', uploads, '--yes', '--encryption', 'none'],
    { env },
  )
  expect(restored).toMatchObject({ code: 0 })
  expect(restored.stdout).toContain(`Media restored to ${uploads}`)
  expect(await content()).toEqual({ 'a.txt': 'first' })
  // Which folders are meant comes from the configuration.
  const config = join(root, 'command.config.mjs')
  await writeFile(config, `export default { media: [${JSON.stringify(uploads)}], encryption: 'none' }`)
  const kept = await runCli(['kept-media', '--config', config, '--json'], { env })
  const restore = /"restore_id": ?"(r[0-9a-z]+)"/.exec(kept.stdout)?.[1] ?? ''
  const undo = await runCli(['undo-media', '--restore', restore, '--config', config, '--yes', '--json'], { env })
  expect(undo.json()).toMatchObject({ undo_media: { undone: true, media: [{ folder: uploads }] } })
  expect(await content()).toEqual({ 'a.txt': 'overwritten' })
})
