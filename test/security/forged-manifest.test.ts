import { access, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine, isEngineError } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newBackupId } from '../../packages/core/src/repository/documents/backup-id.ts'
import type { Manifest } from '../../packages/core/src/repository/documents/documents.ts'
import { readManifest } from '../../packages/core/src/repository/documents/manifests.ts'
import { loadChunkIndex } from '../../packages/core/src/repository/index/load-index.ts'
import { openRepository } from '../../packages/core/src/repository/open.ts'
import type { Repository } from '../../packages/core/src/repository/repository.ts'
import { createRepositoryWriter } from '../../packages/core/src/repository/repository-writer.ts'
import { openStorage } from '../../packages/core/src/storage/open-storage.ts'
import { hostileNames } from './hostile-names.ts'

/** Whoever has the key can seal whatever they like: what is inside a backup is hostile all the same. */
let cluster: TemporaryCluster
let folder: string
let engine: BackupEngine
let repository: Repository
let good: Manifest
let names: string[]

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lb-'))
  names = hostileNames(join(folder, 'm'))
  await mkdir(join(folder, 'media', 'uploads'), { recursive: true })
  await writeFile(join(folder, 'media', 'uploads', 'one'), 'one')
  await cluster.createDatabase('app')
  await cluster.sql('app', 'CREATE TABLE t AS SELECT 1 AS it; SELECT lo_from_bytea(0, $$abc$$)')
  const rawKey = Buffer.alloc(32, 7)
  engine = createBackupEngine({
    database: cluster.url('app'),
    repository: join(folder, 'repository'),
    encryption: { rawKey },
    media: [join(folder, 'media', 'uploads')],
  })
  await engine.repository.init()
  const { id } = await engine.backups.create({ includeMedia: true })
  repository = await openRepository(openStorage(join(folder, 'repository')), { rawKey })
  good = (await readManifest(repository, id)).manifest
})
afterAll(async () => {
  await engine?.stop()
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function forge(change: () => Promise<Partial<Manifest>>): Promise<string> {
  const id = newBackupId()
  const forged = { ...good, ...(await change()), id, number: 1000 + Math.floor(Math.random() * 1e6) }
  await createRepositoryWriter(repository, { index: await loadChunkIndex(repository) }).commit(forged)
  return id
}

const properties = (more: Partial<Manifest['database_properties']>) => ({
  database_properties: { ...good.database_properties, ...more },
})
const evil = `x'; COPY (SELECT 1) TO PROGRAM 'touch MARKER'; --`
const line = async (stream: 'tables' | 'sequences' | 'large_objects', record: object) => {
  const writer = createRepositoryWriter(repository, { index: await loadChunkIndex(repository) })
  const ref = await writer.writeJsonLines([record])
  await writer.finish()
  return { streams: { ...good.streams, [stream]: ref } }
}
const media = (name: string) => [good.media[0], { ...good.media[0], name, files: 0, bytes: 0 }] as Manifest['media']

const forgeries: [string, (marker: string) => Promise<Partial<Manifest>>][] = [
  ['an owner', async (marker) => properties({ owner: evil.replace('MARKER', marker) })],
  ['a comment', async (marker) => properties({ comment: evil.replace('MARKER', marker) })],
  [
    'settings',
    async (marker) =>
      properties({
        settings: [
          { role: null, setting: `x.y=${evil.replace('MARKER', marker)}` },
          { role: null, setting: `a" TO 'x'; DROP TABLE t; --=1` },
        ],
      }),
  ],
  ['an encoding', async () => properties({ encoding: `UTF8' CONNECTION LIMIT 0 --` })],
  ['a locale provider', async () => properties({ locale_provider: `libc" CONNECTION LIMIT 0 --` })],
  ['a tablespace', async () => properties({ tablespace: `x" --` })],
  [
    'grants',
    async (marker) => properties({ acl: [`=CTc/x"; ${evil.replace('MARKER', marker)}`, `"x""; DROP ROLE y; --"=C/y`] }),
  ],
  ['a security label', async () => properties({ labels: [{ provider: 'x"; DROP TABLE t', label: "'; DROP" }] })],
  ['a database', async (marker) => ({ database: `app"; ${evil.replace('MARKER', marker)}` })],
  ['views', async () => ({ populated_views: [{ schema: 'public"; DROP TABLE t; --', name: 'x' }] })],
  ['extensions', async () => ({ extensions: [{ name: 'x"; DROP TABLE t; --', version: "'", schema: '"' }] })],
  [
    'roles',
    async () => ({
      roles: [
        { ...(good.roles[0] as Manifest['roles'][0]), name: 'boss"; ALTER ROLE x SUPERUSER; --', superuser: true },
      ],
    }),
  ],
  ['media above their folder', async () => ({ media: media('../../above') })],
  ['media at the top', async () => ({ media: media('/tmp/lb-top') })],
  [
    'sequences',
    () =>
      line('sequences', { oid: 1, schema: 'public', name: `s'); DROP TABLE t; --`, last_value: '1', is_called: true }),
  ],
  [
    'large objects',
    () =>
      line('large_objects', {
        oid: 1,
        owner: 'x"; DROP TABLE t; --',
        acl: ['"; DROP TABLE t'],
        comment: `'; DROP TABLE t; --`,
      }),
  ],
  ['counts', async () => ({ table_count: 9e15, row_count: 9e15, logical_bytes: 9e15, large_object_count: 5 })],
]

test.each(forgeries)('forged %s: a restore does what is asked, or is refused, and nothing else', async (_, change) => {
  const marker = join(folder, 'm')
  const id = await forge(() => change(marker))
  await engine.backups.get(id).catch(expectOurs)
  await engine.restores.plan(id).catch(expectOurs)
  await engine.restores
    .run(id, {
      confirm: true,
      strategy: 'new-database',
      targetDatabase: 'forged',
      createRoles: true,
      mediaTarget: join(folder, 'media', 'here'),
      overrides: ['disk-space', 'into-other'],
    })
    .catch(expectOurs)
  await cluster.sql('postgres', 'DROP DATABASE IF EXISTS forged WITH (FORCE)')
  expect(await cluster.sql('app', 'SELECT it FROM t')).toEqual([{ it: 1 }])
  const [others] = await cluster.sql<{ databases: string[]; superusers: number }>(
    'postgres',
    `SELECT array_agg(datname::text ORDER BY datname) AS databases,
       (SELECT count(*)::int FROM pg_roles WHERE rolsuper) AS superusers FROM pg_database`,
  )
  expect(others).toEqual({ databases: ['app', 'postgres', 'template0', 'template1'], superusers: 1 })
  await expect(access(marker)).rejects.toThrow()
  await expect(access('/tmp/lb-top')).rejects.toThrow()
  expect((await readdir(folder)).sort()).toEqual(['media', 'repository'])
  await rm(join(folder, 'media'), { recursive: true })
  await mkdir(join(folder, 'media'))
})

test('names of every kind in one manifest: listed, shown and planned, and no key of theirs is a method', async () => {
  const record = Object.fromEntries(names.map((name) => [name, [name]]))
  const id = await forge(async () => ({
    name: names.join(''),
    app_name: '../../etc/passwd',
    tags: Object.fromEntries(names.map((name) => [name, name])),
    migration_state: record,
    installed_packages: Object.fromEntries(names.map((name) => [name, name])),
    exclusions: { tables: names, schemas: names, rows: names },
  }))
  const { backups } = await engine.backups.list()
  expect(backups.find((backup) => backup.id === id)?.tags.constructor).toBeTypeOf('string')
  expect(({} as Record<string, unknown>)[names[0] as string]).toBeUndefined()
  await engine.backups.get(id)
  await engine.restores.plan(id)
  const cwd = process.cwd()
  process.chdir(join(folder, 'media'))
  try {
    const { file } = await engine.backups.export(id)
    expect(file).toMatch(/^(.*\/)?etc-passwd_backup_[\d_]+\.dump$/)
    expect((await readdir('.')).filter((name) => name.endsWith('.dump'))).toHaveLength(1)
  } finally {
    process.chdir(cwd)
  }
})

/** A refusal, not a crash: an error that has a code. */
function expectOurs(error: unknown): void {
  if (!isEngineError(error) || error.code === 'INTERNAL') throw error
}
