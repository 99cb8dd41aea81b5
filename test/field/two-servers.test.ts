import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'

/** Production and staging: two servers, each with a database "shop", and one repository. */
let production: TemporaryCluster
let staging: TemporaryCluster
beforeAll(async () => {
  ;[production, staging] = await Promise.all([
    startTemporaryCluster(),
    // Clusters of one template share their system identifier: this one is made from another.
    startTemporaryCluster({ initdbArguments: ['--lc-messages=C'] }),
  ])
})
afterAll(() => Promise.all([production?.stop(), staging?.stop()]))

let folder: string
const engines: BackupEngine[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-servers-'))
  for (const cluster of [production, staging]) {
    await cluster.createDatabase('shop')
    await cluster.sql('shop', 'CREATE TABLE orders AS SELECT generate_series(1, 10) AS id')
  }
})
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.stop()
  await rm(folder, { recursive: true, force: true })
})

function engineOf(database: string, options: Partial<Parameters<typeof createBackupEngine>[0]> = {}) {
  const engine = createBackupEngine({
    ...{ database, repository: join(folder, 'backups'), encryption: 'none', catalog: ':memory:' },
    ...options,
  })
  engines.push(engine)
  return engine
}

async function threeBackups() {
  const [ours, theirs] = [engineOf(production.url('shop')), engineOf(staging.url('shop'))]
  await ours.repository.init()
  const first = await ours.backups.create()
  await theirs.backups.create()
  const last = await theirs.backups.create()
  return { ours, theirs, first, last }
}

test("retention counts each server's backups apart: production's only one stays, however new staging's are", async () => {
  const { ours, first } = await threeBackups()
  const { decisions } = await ours.retention.preview({ maxBackups: 1 })
  expect(decisions.find(({ id }) => id === first.id)?.keep).toBe(true)
  expect(decisions.filter(({ keep }) => !keep).map(({ number }) => number)).toEqual([2])
  await expect(ours.backups.delete(first.id)).rejects.toMatchObject({ code: 'BACKUP_LAST_GOOD' })
})

test('latest is the newest of the own server, and two of a name are told', async () => {
  const { ours, theirs, first, last } = await threeBackups()
  expect((await ours.backups.get('latest')).id).toBe(first.id)
  expect((await theirs.backups.get('latest')).id).toBe(last.id)
  expect((await ours.backups.get('latest')).id).toBe(first.id)
  const status = await ours.status()
  expect(status).toMatchObject({ level: 'warning', last_backup: { id: first.id } })
  expect(status.message).toContain('2 servers have backups of a database "shop"')
})

test("status is not green by another server's backups", async () => {
  const { ours, first } = await threeBackups()
  await ours.backups.delete(first.id, { force: true })
  expect(await ours.status()).toMatchObject({ level: 'failed', last_backup: null })
  // To a new server the backups of a lost one are restored: there is only one that can be meant.
  expect((await ours.backups.get('latest')).number).toBe(3)
})

test('where the server does not answer, latest is refused instead of guessed', async () => {
  const { last } = await threeBackups()
  const away = engineOf('postgresql://nobody@127.0.0.1:1/shop')
  await expect(away.backups.get('latest')).rejects.toMatchObject({ code: 'BACKUP_AMBIGUOUS' })
  expect((await away.backups.get(last.id)).id).toBe(last.id)
  expect((await away.status()).level).toBe('warning')
})

test('of several databases in one engine, exported files are told apart by their names', async () => {
  await production.createDatabase('stock')
  const engine = engineOf(production.url('shop'), {
    database: undefined,
    databases: { shop: production.url('shop'), stock: production.url('stock') },
    appName: 'acme',
  })
  await engine.repository.init()
  const names: string[] = []
  for (const database of ['shop', 'stock']) {
    const { id } = await engine.backups.create({ database })
    const { files } = await engine.backups.exportToFolder(id, { database })
    const { file_name } = await engine.backups.download(id, { database })
    expect(files[0]?.endsWith(file_name)).toBe(true)
    names.push(file_name.replace(/_\d{8}_\d{6}/, ''))
  }
  expect(names).toEqual(['acme_shop_backup.dump', 'acme_stock_backup.dump'])
})
