import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectionsNeeded } from '../../packages/core/src/postgres/connection-counts.ts'

let cluster: TemporaryCluster
let folder: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-rights-'))
})
afterAll(async () => {
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** A role, a database that belongs to it with a table in it, and an engine. */
async function application(name: string, attributes: string, options: Partial<EngineOptions> = {}) {
  await cluster.sql('postgres', `CREATE ROLE ${name} LOGIN PASSWORD 'p' ${attributes}`)
  await cluster.createDatabase(name, { owner: name })
  const user = { name, password: 'p' }
  const client = new Client({ connectionString: cluster.url(name, user) })
  await client.connect()
  await client.query('CREATE TABLE notes (id int PRIMARY KEY); INSERT INTO notes SELECT generate_series(1, 5000)')
  await client.end()
  const engine = createBackupEngine({
    ...{ database: cluster.url(name, user), repository: join(folder, name), encryption: 'none' },
    ...options,
  })
  await engine.repository.init()
  return { engine, user }
}

test('sessions that the role may not look at count as clients', async () => {
  const { engine } = await application('short_sighted', 'CREATEDB')
  await cluster.sql('postgres', "CREATE ROLE stranger LOGIN PASSWORD 'p'")
  const client = new Client({ connectionString: cluster.url('short_sighted', { name: 'stranger', password: 'p' }) })
  client.on('error', () => {})
  await client.connect()
  try {
    const backup = await engine.backups.create()
    const plan = await engine.restores.plan(backup.id)
    expect(plan.refusals.map(({ code }) => code)).toEqual(['SESSIONS_NOT_OURS'])
    expect(plan.refusals[0]?.text).toContain('"stranger"')
  } finally {
    await client.end()
    await engine.stop()
  }
})

test('an empty database that was made beforehand is found and proposed, and latest works in it', async () => {
  const { engine, user } = await application('without_createdb', '')
  await cluster.createDatabase('made_before', { owner: 'without_createdb' })
  try {
    const backup = await engine.backups.create()
    const asked = await engine.restores.plan(backup.id, { strategy: 'new-database', targetDatabase: 'fresh' })
    expect(asked.refusals.map(({ code }) => code)).toEqual(['NO_CREATEDB'])
    expect(asked.proposal?.options).toMatchObject({ strategy: 'in-place', targetDatabase: 'made_before' })
    const options = { ...asked.proposal?.options }
    const plan = await engine.restores.plan(backup.id, options)
    expect(plan.refusals).toEqual([])
    await engine.restores.run(backup.id, { ...options, confirm: plan.hash })
    const [row] = await cluster.sql('made_before', 'SELECT count(*)::int AS n FROM notes')
    expect(row).toEqual({ n: 5000 })
  } finally {
    await engine.stop()
  }
  await cluster.createDatabase('made_later', { owner: 'without_createdb' })
  const other = createBackupEngine({
    ...{ database: cluster.url('made_later', user), repository: join(folder, 'without_createdb'), encryption: 'none' },
  })
  try {
    await other.restores.run('latest', { strategy: 'in-place', confirm: true })
    expect(await cluster.sql('made_later', 'SELECT count(*)::int AS n FROM notes')).toEqual([{ n: 5000 }])
    // Not where something would be replaced.
    const again = await other.restores.plan('latest', { strategy: 'in-place' })
    expect(again.refusals.map(({ code }) => code)).toEqual(['OTHER_DATABASE'])
  } finally {
    await other.stop()
  }
})

test('where no other database may be connected to, one is made', async () => {
  const { engine } = await application('alone', 'CREATEDB')
  const others = await cluster.sql(
    'postgres',
    `SELECT quote_ident(datname) AS name FROM pg_database WHERE datname <> 'alone'`,
  )
  for (const { name } of others) await cluster.sql('postgres', `REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`)
  try {
    const backup = await engine.backups.create()
    await cluster.sql('alone', 'DELETE FROM notes')
    const plan = await engine.restores.plan(backup.id)
    expect(plan.refusals).toEqual([])
    expect(plan.steps.map(({ id }) => id)).toContain('create-control')
    await engine.restores.run(backup.id, { confirm: plan.hash })
    const count = () => cluster.sql('alone', 'SELECT count(*)::int AS n FROM notes')
    expect(await count()).toEqual([{ n: 5000 }])
    await engine.restores.undo('latest')
    expect(await count()).toEqual([{ n: 0 }])
  } finally {
    await engine.stop()
    await cluster.sql('postgres', 'GRANT CONNECT ON DATABASE postgres TO PUBLIC')
  }
})

test.each([1, 2, 3])('a backup and a restore take no more connections than documented: %i', async (connections) => {
  const name = `counted_${connections}`
  const { engine } = await application(name, 'CREATEDB', { resources: { connections } })
  // The limit is the measure: one more and the server refuses.
  const { backup: forBackup, restore: forRestore } = connectionsNeeded(connections)
  try {
    await cluster.sql('postgres', `ALTER ROLE ${name} CONNECTION LIMIT ${forBackup}`)
    await engine.backups.create()
    const backup = await engine.backups.create()
    await cluster.sql('postgres', `ALTER ROLE ${name} CONNECTION LIMIT ${forRestore}`)
    const { checks } = await engine.doctor()
    expect(checks.find(({ id }) => id === 'database.connections')).toMatchObject({ level: 'ok' })
    await engine.restores.run(backup.id, { confirm: true })
    await engine.restores.undo('latest')
  } finally {
    await engine.stop()
  }
})

test('the limit that has run out is named, by doctor beforehand and by the error', async () => {
  const { engine } = await application('limited', 'CREATEDB CONNECTION LIMIT 2')
  try {
    const { checks } = await engine.doctor()
    expect(checks.find(({ id }) => id === 'database.connections')).toMatchObject({
      level: 'failed',
      message: expect.stringContaining('The role allows 2 connections'),
      advice: 'ALTER ROLE ... CONNECTION LIMIT',
    })
    await expect(engine.backups.create()).rejects.toMatchObject({
      code: 'DATABASE_BUSY',
      advice: expect.stringContaining("The role's own limit of connections"),
    })
  } finally {
    await engine.stop()
  }
})

test('a member that does not inherit from the owner: what doctor advises works when it is followed', async () => {
  await cluster.sql(
    'postgres',
    `CREATE ROLE owners; CREATE ROLE "Not inheriting" LOGIN PASSWORD 'p' CREATEDB NOINHERIT; GRANT owners TO "Not inheriting"`,
  )
  await cluster.createDatabase('inherited', { owner: 'owners' })
  await cluster.sql('inherited', 'SET ROLE owners; CREATE TABLE notes AS SELECT generate_series(1, 50) AS id')
  const database = cluster.url('inherited', { name: 'Not inheriting', password: 'p' })
  const engine = createBackupEngine({ database, repository: join(folder, 'inherited'), encryption: 'none' })
  try {
    await engine.repository.init()
    const { checks } = await engine.doctor()
    const { advice = '' } = checks.find(({ id }) => id === 'database.rights') ?? {}
    const statements = /or: (.*)\.$/.exec(advice)?.[1] ?? ''
    expect(statements).toContain('GRANT pg_read_all_data TO "Not inheriting"')
    for (const statement of statements.split('; ')) await cluster.sql('postgres', statement)
    const backup = await engine.backups.create()
    await cluster.sql('inherited', 'DELETE FROM notes')
    await engine.restores.run(backup.id, { confirm: true, safetyBackup: false })
    expect(await cluster.sql('inherited', 'SELECT count(*)::int AS n FROM notes')).toEqual([{ n: 50 }])
  } finally {
    await engine.stop()
  }
})

test('an excluded schema takes foreign keys along by name, not the rows that refer to it', async () => {
  const { engine } = await application('referring', 'CREATEDB')
  await cluster.sql(
    'referring',
    `SET ROLE referring; CREATE SCHEMA auth; CREATE TABLE auth.users (id int PRIMARY KEY); INSERT INTO auth.users VALUES (1);
     CREATE TABLE profiles (id int PRIMARY KEY, CONSTRAINT of_user FOREIGN KEY (id) REFERENCES auth.users); INSERT INTO profiles VALUES (1);
     COMMENT ON TABLE profiles IS 'c'; CREATE PUBLICATION changes FOR TABLE profiles`,
  )
  try {
    const backup = await engine.backups.create()
    const options = { leaveOut: ['SCHEMA auth', 'comments', 'publications'] }
    const plan = await engine.restores.plan(backup.id, options)
    expect(plan.refusals).toEqual([])
    expect(plan.warnings.map(({ text }) => text).join(' ')).toContain('profiles of_user')
    await engine.restores.run(backup.id, { ...options, confirm: plan.hash })
    const [left] = await cluster.sql(
      'referring',
      `SELECT (SELECT count(*)::int FROM profiles) AS profiles, to_regnamespace('auth') AS auth,
         (SELECT count(*)::int FROM pg_constraint WHERE conname = 'of_user') AS keys,
         obj_description('profiles'::regclass) AS comment, (SELECT count(*)::int FROM pg_publication) AS publications`,
    )
    expect(left).toEqual({ profiles: 1, auth: null, keys: 0, comment: null, publications: 0 })
  } finally {
    await engine.stop()
  }
})

describe('what a role that owns nothing cannot read is named with the right and the statement, by doctor and by the error', () => {
  test.each([
    ['a table', 'CREATE TABLE secret (id int)', 'public.secret: it lacks SELECT.'],
    [
      'a schema',
      'CREATE SCHEMA "Hid den"; CREATE TABLE "Hid den".t (id int)',
      'Hid den.t: it lacks USAGE on schema "Hid den" and SELECT.',
    ],
    ['a sequence', 'CREATE SEQUENCE secret', 'public.secret: it lacks SELECT.'],
    ['a large object', 'SELECT lo_create(4711)', 'large object 4711: it lacks SELECT.'],
  ])('%s', async (kind, sql, missing) => {
    const name = `unread_${kind.replaceAll(' ', '_')}`
    const { engine } = await application(name, 'CREATEDB')
    await cluster.sql(name, sql)
    try {
      const { checks } = await engine.doctor()
      for (const id of ['database.rights', 'restore.rights']) {
        const check = checks.find((found) => found.id === id)
        expect(check).toMatchObject({ level: 'failed', message: expect.stringContaining(missing) })
        expect(check?.message).not.toMatch(/pg_dump|Query was/)
        expect(check?.advice).toContain(`GRANT pg_read_all_data TO "${name}"`)
      }
      await expect(engine.backups.create()).rejects.toMatchObject({
        code: 'DATABASE_RIGHTS',
        message: expect.stringContaining(missing),
      })
      await cluster.sql('postgres', `GRANT pg_read_all_data TO ${name}`)
      const after = await engine.doctor()
      expect(after.checks.find(({ id }) => id === 'database.rights')).toMatchObject({ level: 'ok' })
      await engine.backups.create()
    } finally {
      await engine.stop()
    }
  })

  test('what is left out by the configuration is no need of a right', async () => {
    const { engine } = await application('left_out', 'CREATEDB', { exclude: { tables: ['secret'] } })
    await cluster.sql('left_out', 'CREATE TABLE secret (id int)')
    try {
      const { checks } = await engine.doctor()
      for (const id of ['database.rights', 'restore.rights'])
        expect(checks.find((found) => found.id === id)).toMatchObject({ level: 'ok' })
      await engine.backups.create()
    } finally {
      await engine.stop()
    }
  })
})
