import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BackupEngine, createBackupEngine } from '../engine.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'

let cluster: TemporaryCluster
let folder: string
let engine: BackupEngine
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-verify-'))
  await cluster.createDatabase('shop')
  await cluster.sql(
    'shop',
    `CREATE TABLE goods (id int); INSERT INTO goods VALUES (1);
     CREATE FUNCTION stands() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
     CREATE MATERIALIZED VIEW goods_view AS SELECT stands();
     CREATE OR REPLACE FUNCTION stands() RETURNS int LANGUAGE plpgsql AS
       'DECLARE state text := (SELECT coalesce(max(d.description), '''') FROM pg_catalog.pg_shdescription d JOIN pg_catalog.pg_roles r ON r.oid = d.objoid AND r.rolname = ''state'');
        BEGIN IF state <> '''' THEN RAISE EXCEPTION ''as if'' USING ERRCODE = state; END IF; RETURN 1; END';
     CREATE ROLE state; CREATE ROLE other_owner`,
  )
  engine = createBackupEngine({
    database: cluster.url('shop'),
    repository: join(folder, 'backups'),
    encryption: { rawKey: Buffer.alloc(32, 3) },
  })
  await engine.repository.init()
  await engine.backups.create()
})
afterAll(async () => {
  await engine?.stop()
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function verifyWith(state: string) {
  await cluster.sql('postgres', `COMMENT ON ROLE state IS ${state === '' ? 'NULL' : `'${state}'`}`)
  const outcome = await engine.backups.verify('latest', { levels: ['restore'] }).catch((error: unknown) => error)
  const [backup] = (await engine.backups.list()).backups
  return { outcome, backup, status: await engine.status() }
}

test('a restore that works is good, and recorded', async () => {
  const { outcome, backup, status } = await verifyWith('')
  expect(outcome).toMatchObject({ ok: true })
  expect(backup).toMatchObject({ last_verified: { level: 'restore', ok: true }, not_verified: null })
  expect(status.level).toBe('ok')
})

// Rights, out of connections, memory or disk, cancelled, input and output, an internal error.
test.each(['42501', '53100', '57014', 'XX000'])(
  '%s is never bad: it could not find out, and says why',
  async (sqlstate) => {
    const { outcome, backup, status } = await verifyWith(sqlstate)
    expect(outcome).toMatchObject({ detail: { sqlstate } })
    expect(backup).toMatchObject({
      last_verified: { level: 'restore', ok: true },
      not_verified: { level: 'restore', reason: expect.stringContaining('as if') },
    })
    expect(status).toMatchObject({ level: 'warning', message: expect.stringContaining('could not find out') })
  },
)

test.each(['42883', '23514'])('%s is bad, and status and doctor say why', async (sqlstate) => {
  const { outcome, backup, status } = await verifyWith(sqlstate)
  expect(outcome).toMatchObject({ ok: false, levels: [{ problems: [expect.stringContaining('goods_view')] }] })
  expect(backup).toMatchObject({ last_verified: { level: 'restore', ok: false }, not_verified: null })
  expect(status).toMatchObject({ level: 'failed', message: expect.stringContaining('goods_view') })
  const doctor = await engine.doctor()
  expect(doctor.checks.find(({ id }) => id === 'backup.bad')?.message).toContain('goods_view')
})

test('what cannot be restored stays bad when its checksums are good, until a restore works', async () => {
  await verifyWith('22012')
  await engine.backups.verify('latest', { levels: ['checksums'] })
  expect((await engine.status()).level).toBe('failed')
  expect((await verifyWith('53100')).backup).toMatchObject({ last_verified: { ok: false }, not_verified: {} })
  expect((await verifyWith('')).status.level).toBe('ok')
})

test('a role without the right to give objects to their owner condemns nothing', async () => {
  await verifyWith('')
  await cluster.sql(
    'shop',
    `CREATE ROLE weak LOGIN CREATEDB PASSWORD 'weak'; GRANT pg_read_all_data TO weak; ALTER TABLE goods OWNER TO other_owner`,
  )
  await engine.backups.create()
  const weak = createBackupEngine({
    database: cluster.url('shop').replace(/\/\/[^@]*@/, '//weak:weak@'),
    repository: join(folder, 'backups'),
    encryption: { rawKey: Buffer.alloc(32, 3) },
  })
  await expect(weak.backups.verify('latest', { levels: ['restore'] })).rejects.toMatchObject({
    code: 'RESTORE_REFUSED',
  })
  expect((await engine.backups.list()).backups[0]).toMatchObject({
    last_verified: null,
    not_verified: { level: 'restore' },
  })
  await weak.stop()
})
