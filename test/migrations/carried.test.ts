import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EngineOptions } from '../../packages/core/src/config.ts'
import { type BackupEngine, createBackupEngine } from '../../packages/core/src/engine.ts'
import type { EngineError } from '../../packages/core/src/errors.ts'
import { createHandler } from '../../packages/core/src/http/create-handler.ts'
import { ledgerPreset } from '../../packages/core/src/inspectors.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { runCli } from '../cli/run-cli.ts'

let cluster: TemporaryCluster
let root: string
let count = 0
const closers: (() => Promise<void>)[] = []
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  root = await mkdtemp(join(tmpdir(), 'lifeboat-carried-'))
  // For the configuration of the command.
  await symlink(join(process.cwd(), 'node_modules'), join(root, 'node_modules'))
})
afterAll(async () => {
  for (const close of closers) await close()
  await cluster?.stop()
  await rm(root, { recursive: true, force: true })
})

const pair = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}
const release = pair()

/** What dbmate's files of the three migrations say of the way back. */
const downs = {
  '01': 'DROP TABLE orders;',
  '02': "UPDATE orders SET note = 'back';\nALTER TABLE orders DROP COLUMN phone;",
  '03': 'DROP VIEW phones;',
}

async function folderOf(name: string, steps: Record<string, string | null>): Promise<string> {
  const folder = join(root, name)
  await mkdir(folder, { recursive: true })
  for (const [id, down] of Object.entries(steps))
    await writeFile(join(folder, `${id}_step.sql`), `-- migrate:up\nSELECT 1;\n-- migrate:down\n${down ?? ''}\n`)
  return folder
}

const dbmateOf = (folder: string) => ledgerPreset('dbmate', { migrations: join(root, folder) })

interface Shop {
  name: string
  /** The release that has all three migrations, and made the backups 1 (of the first) and 2. */
  next: BackupEngine
  /** The one that was rolled back to: it knows the first. */
  previous: BackupEngine
  /** What the command is given. */
  options: EngineOptions
}

async function shop(steps: Record<string, string | null>, downSteps: EngineOptions['downSteps'] = {}): Promise<Shop> {
  const name = `shop_${++count}`
  const database = await cluster.createDatabase(name)
  await cluster.sql(
    name,
    "CREATE TABLE schema_migrations (version text PRIMARY KEY); INSERT INTO schema_migrations VALUES ('01'); CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders VALUES (1, 'a')",
  )
  const folders = [await folderOf(`${name}_next`, steps), await folderOf(`${name}_previous`, { '01': downs['01'] })]
  const [next, previous] = folders.map((migrations) => ({
    ...{ database, repository: join(root, `${name}_repository`), encryption: 'none' as const },
    migrations: [ledgerPreset('dbmate', { migrations })],
    downSteps: { trustedKeys: [release.publicKey], ...downSteps },
  })) as [EngineOptions, EngineOptions]
  const engines = [createBackupEngine(next), createBackupEngine(previous)] as const
  closers.push(...engines.map((engine) => () => engine.stop()))
  await engines[0].repository.init()
  await engines[0].backups.create({ name: 'of the first' })
  await cluster.sql(
    name,
    "INSERT INTO schema_migrations VALUES ('02'), ('03'); ALTER TABLE orders ADD COLUMN phone text; CREATE VIEW phones AS SELECT phone FROM orders",
  )
  await engines[0].backups.create({ name: 'of all three' })
  return { name, next: engines[0], previous: engines[1], options: previous }
}

const stateOf = async (name: string) => ({
  ledger: (await cluster.sql<{ version: string }>(name, 'SELECT version FROM schema_migrations ORDER BY 1')).map(
    ({ version }) => version,
  ),
  rows: await cluster.sql(name, 'SELECT * FROM orders'),
})
const leftovers = async () => [
  await cluster.sql('postgres', "SELECT FROM pg_roles WHERE rolname LIKE 'lifeboat_steps%'"),
  await cluster.sql('postgres', "SELECT FROM pg_database WHERE datname LIKE 'lifeboat_copy%'"),
]
const codesOf = async (engine: BackupEngine, options: object) =>
  (await engine.restores.plan('2', options)).refusals.map(({ code }) => code)

test('a trusted key that is none keeps steps from being run, and no other restore', async () => {
  const { previous } = await shop(downs, { trustedKeys: ['no key'] })
  expect((await previous.restores.plan('1', {})).refusals).toEqual([])
  await expect(previous.restores.plan('2', {})).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})

test('a backup that is ahead comes back to the code by the steps it carries, where they are asked for by their hash', async () => {
  const { name, next, previous, options } = await shop(downs)
  const before = await stateOf(name)
  // Shown whole, and never run unasked.
  const plan = await previous.restores.plan('2', {})
  expect(plan.refusals).toMatchObject([{ code: 'BACKUP_AHEAD', override: 'ahead' }])
  expect(plan.refusals[0]?.text).toMatch(/carries their down steps.*runCarried.*another database/s)
  expect(plan.instead).toMatchObject({ number: 1 })
  expect(plan.carried?.steps.map(({ id, signed_by, sql }) => ({ id, signed_by, sql: sql.trim() }))).toEqual([
    { id: '03', signed_by: null, sql: downs['03'] },
    { id: '02', signed_by: null, sql: downs['02'] },
  ])
  expect(plan.carried?.steps[1]?.notes).toEqual([expect.stringContaining('loses a column')])
  expect((await next.backups.details('2')).down_steps.map(({ id }) => id)).toEqual(['03', '02', '01'])
  const hash = plan.carried?.hash ?? ''
  const runCarried = hash.slice(0, 12)
  expect(await codesOf(previous, { runCarried })).toEqual(['CARRIED_UNSIGNED'])
  expect(
    await codesOf(previous, {
      runCarried: `${runCarried.slice(0, 11)}${runCarried[11] === '0' ? '1' : '0'}`,
      overrides: ['unsigned-steps'],
    }),
  ).toEqual(['CARRIED_HASH'])
  expect(await codesOf(previous, { runCarried, overrides: ['unsigned-steps'], strategy: 'in-place' })).toEqual([
    'CARRIED_STRATEGY',
  ])
  expect((await previous.restores.plan('1', { runCarried })).refusals).toMatchObject([{ code: 'CARRIED_NONE' }])

  // Over HTTP nobody goes past a missing signature.
  const handler = createHandler(previous, { authorize: () => ({ id: 'ann', role: 'admin' }) })
  const answer = await handler(
    new Request('http://localhost/backups/2/plan/', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ run_carried: runCarried, overrides: ['unsigned-steps'] }),
    }),
  )
  const { plan: overHttp } = (await answer.json()) as { plan: typeof plan }
  expect(overHttp.refusals).toMatchObject([{ code: 'CARRIED_UNSIGNED' }])
  expect(overHttp.carried).toEqual(plan.carried)

  // In the words of the command, for people who decide.
  await writeFile(
    join(root, 'lifeboat.config.mjs'),
    `import { ledgerPreset } from '@lifeboat/core/migrations'
export default { ...${JSON.stringify({ ...options, migrations: undefined })}, migrations: [ledgerPreset('dbmate', { migrations: ${JSON.stringify(join(root, `${name}_previous`))} })] }\n`,
  )
  const said = await runCli(['restore', '2', '--dry-run', '--config', join(root, 'lifeboat.config.mjs')])
  expect(said.stdout).toContain(`--run-carried ${runCarried}`)
  expect(said.stdout).toContain("UPDATE orders SET note = 'back';")
  expect(said.stdout).toContain('NOT signed by a trusted key')
  const shown = await runCli(['show', '2', '--config', join(root, 'lifeboat.config.mjs')])
  expect(shown.stdout).toContain('ALTER TABLE orders DROP COLUMN phone;')
  expect(await stateOf(name)).toEqual(before)

  const done = await previous.restores.run('2', { runCarried: hash, overrides: ['unsigned-steps'], confirm: true })
  expect(done).toMatchObject({ reverted: ['03', '02'], migrations: [], status: 'succeeded' })
  expect(await stateOf(name)).toEqual({ ledger: ['01'], rows: [{ id: 1, note: 'back' }] })
  expect(await leftovers()).toEqual([[], []])
})

describe('signatures', () => {
  test('by a trusted key let the steps run; a step that was changed since has none', async () => {
    const file = join(root, 'down-steps.json')
    const { name, next, previous } = await shop(downs, { signatures: file })
    const signed = await next.migrations.signSteps({ privateKey: release.privateKey })
    expect(signed.signatures.map(({ id }) => id)).toEqual(['01', '02', '03'])
    await writeFile(file, JSON.stringify(signed))
    await next.backups.create({ name: 'signed' })
    const plan = await previous.restores.plan('3', {})
    expect(plan.carried?.steps.map(({ signed_by }) => signed_by)).toEqual([signed.key, signed.key])

    // The host is taken over: it writes what it likes, and has not the key.
    await folderOf(`${name}_next`, { ...downs, '02': `${downs['02']} DELETE FROM orders;` })
    await next.backups.create({ name: 'changed' })
    const changed = await previous.restores.plan('4', {})
    expect(changed.carried?.steps.map(({ signed_by }) => signed_by)).toEqual([signed.key, null])
    expect(changed.carried?.hash).not.toBe(plan.carried?.hash)
    const runCarried = changed.carried?.hash ?? ''
    expect((await previous.restores.plan('4', { runCarried })).refusals).toMatchObject([{ code: 'CARRIED_UNSIGNED' }])
    // What was approved is another text than this.
    expect(await previous.restores.plan('4', { runCarried: plan.carried?.hash ?? '' })).toMatchObject({
      refusals: [{ code: 'CARRIED_HASH' }, { code: 'CARRIED_UNSIGNED' }],
    })
    // Signed again, by a key that nobody trusts.
    await writeFile(file, JSON.stringify(await next.migrations.signSteps({ privateKey: pair().privateKey })))
    await next.backups.create({ name: 'by another key' })
    const byAnother = (await previous.restores.plan('5', {})).carried?.steps
    expect(byAnother?.map(({ signed_by }) => signed_by)).toEqual([null, null])

    const done = await previous.restores.run('3', { runCarried: plan.carried?.hash ?? '', confirm: true })
    expect(done.reverted).toEqual(['03', '02'])
    expect((await stateOf(name)).ledger).toEqual(['01'])
  })

  test('by a trusted key for another application, or for another history, are none', async () => {
    const file = join(root, 'of-another.json')
    const { name, next, previous, options } = await shop(downs, { signatures: file })
    const other = createBackupEngine({ ...options, appName: 'another-shop', migrations: [dbmateOf(`${name}_next`)] })
    closers.push(() => other.stop())
    const signedThere = await other.migrations.signSteps({ privateKey: release.privateKey })
    expect(signedThere.application).toBe('another-shop')
    await writeFile(file, JSON.stringify(signedThere))
    await next.backups.create({ name: 'with signatures for another application' })
    const plan = await previous.restores.plan('3', {})
    expect(plan.carried?.steps.map(({ signed_by }) => signed_by)).toEqual([null, null])
    expect(plan.refusals[0]?.text).toMatch(/carries their down steps/)

    // Signed where there is one migration more before them.
    await writeFile(join(root, `${name}_next`, '00_step.sql'), '-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n')
    await writeFile(file, JSON.stringify(await next.migrations.signSteps({ privateKey: release.privateKey })))
    await rm(join(root, `${name}_next`, '00_step.sql'))
    await next.backups.create({ name: 'with signatures for another history' })
    const elsewhere = (await previous.restores.plan('4', {})).carried?.steps
    expect(elsewhere?.map(({ signed_by }) => signed_by)).toEqual([null, null])
  })

  test('that no one can read cost a warning and no backup; a key that is none is said', async () => {
    const file = join(root, 'broken.json')
    await writeFile(file, '{"signatures": [7]}')
    const { next, previous } = await shop(downs, { signatures: file })
    expect((await next.backups.details('2')).down_steps).toEqual([])
    expect((await previous.restores.plan('2', {})).refusals[0]?.text).toMatch(/carries no down steps/)
    await expect(next.migrations.signSteps({ privateKey: 'no key' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})

describe('steps that cannot be used', () => {
  test('one is missing in the middle', async () => {
    const { previous } = await shop({ ...downs, '02': null })
    const plan = await previous.restores.plan('2', {})
    expect(plan.carried?.problems).toEqual(['dbmate: the backup carries no down step of 02.'])
    expect(plan.refusals[0]?.text).toMatch(/cannot be used: .*no down step of 02/)
    const asked = { runCarried: plan.carried?.hash ?? '', overrides: ['unsigned-steps'] }
    expect(await codesOf(previous, asked)).toEqual(['CARRIED_PROBLEM'])
  })

  test('one fails half-way: the live database is as it was, and nothing is left behind', async () => {
    const { name, previous } = await shop({ ...downs, '02': 'DELETE FROM orders; ALTER TABLE nothing DROP COLUMN a;' })
    const before = await stateOf(name)
    const runCarried = (await previous.restores.plan('2', {})).carried?.hash ?? ''
    const failure = previous.restores.run('2', { runCarried, overrides: ['unsigned-steps'], confirm: true })
    await expect(failure).rejects.toMatchObject({ code: 'MIGRATION_FAILED', message: /"?nothing"? does not exist/ })
    expect(await stateOf(name)).toEqual(before)
    expect(await leftovers()).toEqual([[], []])
  })

  test('one does less than it says: the schema is not the one of that state, which only its override accepts', async () => {
    const { name, previous } = await shop({ ...downs, '02': "UPDATE orders SET note = 'back';" })
    const before = await stateOf(name)
    const runCarried = (await previous.restores.plan('2', {})).carried?.hash ?? ''
    const asked = { runCarried, overrides: ['unsigned-steps'], confirm: true as const }
    const failure: EngineError = await previous.restores.run('2', asked).then(
      () => assert.fail('It succeeded.'),
      (error) => error,
    )
    expect(failure).toMatchObject({ code: 'MIGRATION_FAILED', detail: { override: 'other-schema' } })
    expect(failure.message).toMatch(/not the schema of backup 1, .*public\.orders.*\+ +phone/s)
    expect(failure.advice).toMatch(/Restore backup 1,.*other-schema/)
    expect(await stateOf(name)).toEqual(before)
    expect(await leftovers()).toEqual([[], []])
    const done = await previous.restores.run('2', { ...asked, overrides: ['unsigned-steps', 'other-schema'] })
    expect(done).toMatchObject({ reverted: ['03', '02'], status: 'succeeded' })
    expect(await stateOf(name)).toEqual({ ledger: ['01'], rows: [{ id: 1, note: 'back', phone: null }] })
  })

  test('our session is ended meanwhile: the copy and the role are gone all the same', async () => {
    const { previous } = await shop({ ...downs, '03': 'SELECT pg_sleep(60); DROP VIEW phones;' })
    const runCarried = (await previous.restores.plan('2', {})).carried?.hash ?? ''
    const failure = previous.restores
      .run('2', { runCarried, overrides: ['unsigned-steps'], confirm: true })
      .catch((error: unknown) => error)
    const ending = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lifeboat: down steps'
      AND EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'lifeboat: down step' AND query LIKE '%pg_sleep%')`
    await expect.poll(() => cluster.sql('postgres', ending), { timeout: 60_000 }).toHaveLength(1)
    await cluster.sql(
      'postgres',
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lifeboat: down step'",
    )
    expect(await failure).toMatchObject({ code: 'MIGRATION_FAILED' })
    expect(await leftovers()).toEqual([[], []])
  })
})
