import { execFile, spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../cli/run-cli.ts'
import { fewer, isLong } from '../runner/counts.ts'

const run = promisify(execFile)
const bin = fileURLToPath(new URL('../../packages/cli/bin/lifeboat.mjs', import.meta.url))
const notTrusted = expect.objectContaining({ code: 'BACKUP_NOT_TRUSTED' })

let cluster: TemporaryCluster
let engine: BackupEngine
let folder: string
let file: string

/** A file whose every object does something when it is restored: it makes a row in the table that its owner watches. */
const hostile = `
  CREATE TABLE orders (id int PRIMARY KEY, note text DEFAULT public.now_text());
  INSERT INTO orders SELECT i, 'order ' || i FROM generate_series(1, 100) i;
  CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$BEGIN RETURN new; END$$;
  CREATE TRIGGER fires BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION fires();
  CREATE FUNCTION fires_on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN END$$;
  CREATE EVENT TRIGGER on_ddl ON ddl_command_end EXECUTE FUNCTION fires_on_ddl();
  CREATE RULE instead AS ON DELETE TO orders DO INSTEAD NOTHING;
  CREATE FUNCTION internal_one(text) RETURNS text LANGUAGE internal IMMUTABLE STRICT AS 'upper';
  CREATE MATERIALIZED VIEW summed AS SELECT count(*) FROM orders;
  CREATE POLICY mine ON orders USING (note = current_user);
  GRANT SELECT ON orders TO PUBLIC;
  CREATE PUBLICATION changes FOR ALL TABLES`

const dump = async (name: string, ...args: string[]) => {
  const path = join(folder, name)
  await run('pg_dump', [...args, '-f', path, '--dbname', cluster.url('hostile')])
  return path
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-quarantine-'))
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('hostile')
  await cluster.sql('hostile', `CREATE FUNCTION now_text() RETURNS text LANGUAGE sql AS 'SELECT now()::text'`)
  await cluster.sql('hostile', hostile)
  file = await dump('hostile.dump', '-Fc')
  await cluster.createDatabase('shop')
  await cluster.sql(
    'shop',
    'CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 10)',
  )
  engine = createBackupEngine({
    database: cluster.url('shop'),
    repository: join(folder, 'repository'),
    catalog: join(folder, 'catalog.sqlite'),
    encryption: { rawKey: Buffer.alloc(32, 7) },
    appName: 'shop',
  })
  await engine.repository.init()
})
afterAll(async () => {
  await engine?.stop()
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

test('findings name what a restore would run', async () => {
  const { findings, quarantine } = await engine.backups.import({ file })
  expect(quarantine).toMatchObject({ file_bytes: (await stat(file)).size, trusted: null })
  const found = Object.fromEntries(findings.map(({ kind, objects }) => [kind, objects]))
  expect(found).toMatchObject({
    untrusted_language: ['public.internal_one(text) (internal)'],
    security_definer: ['public.fires()'],
    function: [
      'public.fires() (plpgsql)',
      'public.fires_on_ddl() (plpgsql)',
      'public.internal_one(text) (internal)',
      'public.now_text() (sql)',
    ],
    trigger: ['public.orders fires'],
    event_trigger: ['on_ddl'],
    rule: ['public.orders instead'],
    materialized_view: ['public.summed'],
    policy: ['public.orders mine'],
    default: ['public.orders: public.now_text'],
    public_grant: ['public.TABLE orders'],
    replication: ['changes'],
    role: expect.arrayContaining(['postgres']),
  })
  expect(found.other_statement).toBe(undefined)
})

describe('in quarantine', () => {
  test('nothing of it reaches a database; it can be shown, verified and exported', async () => {
    await engine.backups.create()
    const { id, number } = await engine.backups.import({ file })
    const database = { database: 'default' }
    for (const work of [
      () => engine.restores.plan(id, { strategy: 'new-database', targetDatabase: 'x' }),
      () => engine.restores.run(id, { strategy: 'new-database', targetDatabase: 'x', confirm: true }),
      () => engine.restores.run(id, { strategy: 'in-place', confirm: true, safetyBackup: false }),
      () => engine.rows.lost(id, database),
      () => engine.rows.lostRows(id, { table: 'orders', ...database }),
      () => engine.rows.query(id, { sql: 'SELECT 1', ...database }),
      () => engine.rows.extract(id, { table: 'orders', into: 'was', confirm: true, ...database }),
      () => engine.rows.planRewind(id, database),
      () => engine.rows.rewind(id, { confirm: true, ...database }),
      () => engine.migrations.rehearse(id, database),
      () => engine.backups.verify(id, { levels: ['restore'] }),
    ])
      await expect(work(), String(work)).rejects.toThrow(notTrusted)
    expect((await engine.backups.verify(id, { levels: ['manifest', 'checksums', 'structure'] })).ok).toBe(true)
    expect((await engine.backups.export(id, { file: join(folder, 'out.dump') })).bytes).toBeGreaterThan(1000)
    expect(await engine.backups.get(id)).toMatchObject({ number, last_verified: { ok: true } })
    expect(await cluster.sql('postgres', `SELECT datname FROM pg_database WHERE datname = 'x'`)).toEqual([])
  })

  test('it is never the latest, protects nothing, and counts for nothing', async () => {
    const made = await engine.backups.create()
    const { id } = await engine.backups.import({ file })
    expect((await engine.backups.get('latest')).id).toBe(made.id)
    expect((await engine.status()).last_backup?.id).toBe(made.id)
    const before = await engine.retention.preview({ maxBackups: 1 })
    const kept = before.decisions.filter((decision) => decision.keep).map((decision) => decision.id)
    expect(kept).toEqual(expect.arrayContaining([made.id, id]))
    await engine.backups.trust(id, { reason: 'looked at' })
    // Trusted it is what its file was, and still not the database's own.
    expect((await engine.backups.get('latest')).id).toBe(made.id)
    expect((await engine.status()).last_backup?.id).toBe(made.id)
  })

  test('a database of which there is nothing else has no latest and no status', async () => {
    const other = createBackupEngine({
      database: cluster.url('hostile'),
      repository: join(folder, 'other'),
      encryption: 'none',
      appName: 'hostile',
    })
    await other.repository.init()
    await other.backups.import({ file })
    await expect(other.backups.get('latest')).rejects.toMatchObject({ code: 'BACKUP_NOT_FOUND' })
    expect(await other.status()).toMatchObject({ level: 'failed', last_backup: null })
    await other.stop()
  })
})

test('trust is recorded with who, why, and the SHA-256 of the file', async () => {
  const { id, quarantine } = await engine.backups.import({ file })
  await expect(engine.backups.trust(id, { reason: ' ' })).rejects.toMatchObject({ code: 'INVALID' })
  const trusted = await engine.backups.trust(id, { reason: 'made by us', as: { id: 'ann', role: 'admin' } } as never)
  expect(trusted.quarantine?.trusted).toMatchObject({ reason: 'made by us' })
  const { results } = await engine.audit.list({ action: 'backups.trust', subject: id })
  expect(results.find(({ outcome }) => outcome === 'succeeded')).toMatchObject({
    detail: { reason: 'made by us', file_sha256: quarantine?.file_sha256 },
  })
  const { id: own } = await engine.backups.create()
  await expect(engine.backups.trust(own, { reason: 'x' })).rejects.toMatchObject({ code: 'INVALID' })
})

test('a copy learns of a trust that comes later', async () => {
  const { id } = await engine.backups.import({ file })
  const place = join(folder, 'copy')
  const trustedThere = async () => {
    await engine.copies.copyTo(place)
    const copy = createBackupEngine({ repository: place, encryption: { rawKey: Buffer.alloc(32, 7) } })
    const { quarantine } = await copy.backups.details(id)
    await copy.stop()
    return quarantine?.trusted?.reason
  }
  expect(await trustedThere()).toBe(undefined)
  await engine.backups.trust(id, { reason: 'looked at' })
  expect(await trustedThere()).toBe('looked at')
})

describe('what is no archive in the custom format is refused, and how to convert it is said', () => {
  test.each([
    ['plain', ['-Fp'], /plain SQL.*pg_dump -Fc/],
    ['tar', ['-Ft'], /tar format.*pg_dump -Fc/],
    ['inserts', ['-Fc', '--inserts'], /INSERT statements; dump again with COPY/],
  ])('%s', async (name, args, message) => {
    const path = await dump(name, ...args)
    await expect(engine.backups.import({ file: path })).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      message: expect.stringMatching(message),
    })
  })

  test('a compressed file, a folder, no file, and another SHA-256', async () => {
    const packed = join(folder, 'packed.gz')
    await writeFile(packed, (await import('node:zlib')).gzipSync(await readFile(file)))
    await expect(engine.backups.import({ file: packed })).rejects.toMatchObject({
      message: expect.stringMatching(/unpack it first/),
    })
    const directory = await dump('directory', '-Fd')
    await expect(engine.backups.import({ file: directory })).rejects.toMatchObject({
      message: expect.stringMatching(/directory format/),
    })
    await expect(engine.backups.import({ file: join(folder, 'none') })).rejects.toMatchObject({ code: 'USAGE' })
    await expect(engine.backups.import({ file, sha256: '0'.repeat(64) })).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
    })
    await expect(engine.backups.import({})).rejects.toMatchObject({ code: 'USAGE' })
  })
})

describe('an import that does not end', () => {
  let large: string
  beforeAll(async () => {
    await cluster.createDatabase('large')
    await cluster.sql(
      'large',
      `CREATE TABLE t AS SELECT i, md5(i::text) || md5((-i)::text) AS a FROM generate_series(1, ${fewer(200_000, 600_000)}) i`,
    )
    large = join(folder, 'large.dump')
    await run('pg_dump', ['-Fc', '-Z0', '-f', large, '--dbname', cluster.url('large')])
  }, 300_000)

  test('leaves nothing that is visible when it is cancelled', async () => {
    const before = (await engine.backups.list()).backups.length
    const controller = new AbortController()
    async function* slowly() {
      let read = 0
      for await (const piece of createReadStream(large)) {
        read += piece.length
        if (read > 5_000_000) controller.abort()
        yield piece
      }
    }
    const stream = Readable.from(slowly())
    await expect(engine.backups.import({ stream, signal: controller.signal })).rejects.toThrow()
    expect((await engine.backups.list()).backups.length).toBe(before)
  })

  test.runIf(isLong)(
    'leaves nothing that is visible when its process is killed, and the next one takes up what is stored',
    async () => {
      const repository = join(folder, 'killed')
      const env = { LIFEBOAT_REPOSITORY: repository, LIFEBOAT_PASSPHRASE: 'correct horse battery staple' }
      expect(await runCli(['init'], { env })).toMatchObject({ code: 0 })
      const child = spawn(process.execPath, [bin, 'import', '-'], {
        env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env },
        stdio: ['pipe', 'ignore', 'ignore'],
      })
      child.stdin.on('error', () => {})
      const bytes = await readFile(large)
      child.stdin.write(bytes.subarray(0, bytes.length - 1000))
      const packs = () => readdir(join(repository, 'packs')).catch(() => [])
      const ended = new Promise((resolve) => child.once('close', resolve))
      while ((await packs()).length === 0) {
        expect(child.exitCode).toBe(null)
        await setTimeout(50)
      }
      child.kill('SIGKILL')
      await ended
      const listed = await runCli(['list', '--json'], { env })
      expect(listed.json()).toMatchObject({ backups: [] })
      const again = await runCli(['import', large, '--json'], { env })
      expect(again).toMatchObject({ code: 0 })
      const { backup } = again.json() as { backup: { stored_bytes: number; logical_bytes: number; row_count: number } }
      expect(backup.row_count).toBe(600_000)
      expect(backup.stored_bytes).toBeLessThan(backup.logical_bytes)
      const shown = await runCli(['show', '1'], { env })
      expect(shown.stdout).toMatch(/nothing of it may be run/)
      expect(await runCli(['trust', '1', '--reason', 'made by this test'], { env })).toMatchObject({ code: 0 })
      expect((await runCli(['show', '1'], { env })).stdout).toMatch(/trusted by .*: made by this test/)
    },
  )
})

test('a prune that deletes at once takes nothing of an import that goes on', async () => {
  const bytes = await readFile(file)
  const more = Promise.withResolvers<void>()
  async function* pieces() {
    yield bytes.subarray(0, bytes.length >> 1)
    await more.promise
    yield bytes.subarray(bytes.length >> 1)
  }
  const made = engine.backups.import({ stream: Readable.from(pieces()), name: 'slow' })
  const code = () =>
    engine.maintenance.prune({ now: true }).then(
      () => null,
      (error: { code: string }) => error.code,
    )
  await expect.poll(code).toBe('LEASE_HELD')
  more.resolve()
  const { id } = await made
  await engine.backups.verify(id)
  expect((await engine.backups.get(id)).last_verified).toMatchObject({ ok: true })
})
