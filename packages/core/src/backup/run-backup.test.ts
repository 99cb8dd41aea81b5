import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EngineEvent } from '../events.ts'
import { sequenceSchema } from '../repository/documents/documents.ts'
import { readManifest } from '../repository/documents/manifests.ts'
import { listPins } from '../repository/documents/pins.ts'
import { canMount } from '../testing/can-mount.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { copySource, openBackup, ourBackendsSql, testContext, testOptions } from './backup-fixture.ts'
import { runBackup } from './run-backup.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('shop')
  await cluster.sql(
    'shop',
    `CREATE TYPE mood AS ENUM ('sad', 'ok');
     CREATE SCHEMA "it's; --";
     CREATE TABLE orders (id bigserial PRIMARY KEY, mood mood, note text, raw bytea,
       doubled bigint GENERATED ALWAYS AS (length(note) * 2) STORED);
     INSERT INTO orders (mood, note, raw)
       SELECT CASE i % 2 WHEN 0 THEN 'sad' ELSE 'ok' END::mood, repeat(md5(i::text), 1 + i % 40), decode(md5(i::text), 'hex')
       FROM generate_series(1, 20000) i;
     DELETE FROM orders WHERE id % 7 = 0;
     INSERT INTO orders (note) VALUES (E'tab\\t newline\\n backslash \\\\ \\\\. ' || repeat('x', 300000)), (NULL), ('');
     CREATE TABLE "it's; --"."quo""te" AS SELECT 'schrödinger' AS "ca""t";
     CREATE TABLE empty (nothing int);
     CREATE TABLE no_columns ();
     INSERT INTO no_columns DEFAULT VALUES; INSERT INTO no_columns DEFAULT VALUES;
     CREATE TABLE part (k int, v text) PARTITION BY LIST (k);
     CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
     CREATE UNLOGGED TABLE part_2 PARTITION OF part FOR VALUES IN (2);
     INSERT INTO part SELECT 1 + i % 2, 'row ' || i FROM generate_series(1, 1000) i;
     CREATE TABLE parent (a int); CREATE TABLE child (b int) INHERITS (parent);
     INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2, 3);
     CREATE TABLE wide AS SELECT i, string_agg(md5(i::text || j::text), '') AS body
       FROM generate_series(1, 300) i, generate_series(1, 400) j GROUP BY i;
     SELECT lo_from_bytea(0, convert_to(repeat('large ' || i, 2000), 'UTF8')) FROM generate_series(1, 20) i;
     SELECT setval('orders_id_seq', 12345, false)`,
  )
})
afterAll(() => cluster?.stop())

test('what is read back is what COPY says of the source, for every table', async () => {
  const context = await testContext(cluster.url('shop'))
  const events: EngineEvent[] = []
  const { manifest, checksum } = await runBackup(context, testOptions({ report: (event) => events.push(event) }))
  const backup = await openBackup(context.repository, manifest)

  expect([...backup.tables.keys()]).toEqual([
    `it's; --.quo"te`,
    'public.child',
    'public.empty',
    'public.no_columns',
    'public.orders',
    'public.parent',
    'public.part_1',
    'public.part_2',
    'public.wide',
  ])
  const url = cluster.url('shop')
  const expected: Record<string, string> = {
    orders: 'SELECT id, mood, note, raw FROM public.orders',
    ...Object.fromEntries(
      ['child', 'empty', 'no_columns', 'parent', 'part_1', 'part_2', 'wide'].map((name) => [
        name,
        `SELECT * FROM ONLY public.${name}`,
      ]),
    ),
  }
  for (const [name, select] of Object.entries(expected)) {
    const source = await copySource(url, `COPY (${select}) TO STDOUT`)
    expect((await backup.rows(`public.${name}`)).equals(source), name).toBe(true)
  }
  expect((await backup.rows(`it's; --.quo"te`)).toString()).toBe('schrödinger\n')
  expect(
    (await backup.largeObjectPages()).equals(
      await copySource(url, 'COPY (SELECT loid, pageno, data FROM pg_largeobject ORDER BY 1, 2) TO STDOUT'),
    ),
  ).toBe(true)

  const orders = backup.tables.get('public.orders')!
  expect(orders).toMatchObject({ columns: ['id', 'mood', 'note', 'raw'], segment_blocks: 16, comparable: true })
  expect(manifest).toMatchObject({ table_count: 9, large_object_count: 20, include_media: false, type: 'full' })
  expect(manifest.row_count).toBe([...backup.tables.values()].reduce((sum, table) => sum + table.rows, 0))
  // A table whose rows lie in TOAST is cut finer, so that more than one worker reads it.
  expect(backup.tables.get('public.wide')!.segment_blocks).toBeLessThanOrEqual(16)

  expect((await backup.reader.readBytes(manifest.streams.schema)).subarray(0, 5).toString()).toBe('PGDMP')
  const sequences = await Array.fromAsync(backup.reader.readJsonLines(manifest.streams.sequences, sequenceSchema))
  expect(sequences).toMatchObject([{ name: 'orders_id_seq', last_value: '12345', is_called: false }])

  expect(await readManifest(context.repository, manifest.id)).toEqual({ manifest, checksum })
  expect(events.filter((event) => event.type === 'phase').map((event) => event.phase)).toEqual([
    'prepare',
    'snapshot',
    'rows',
    'schema',
    'lists',
    'media',
    'manifest',
  ])
  const progress = events.filter((event) => event.type === 'progress' && event.phase === 'rows').at(-1)
  expect(progress).toMatchObject({ rows: expect.any(Number) })
  expect(progress?.type === 'progress' && progress.bytesTotal).toBe(progress?.type === 'progress' && progress.bytes)
  await expect.poll(() => cluster.sql('shop', ourBackendsSql)).toEqual([])
})

test('metadata of the application, the server and its roles is recorded', async () => {
  await cluster.sql('shop', `CREATE ROLE reporter NOLOGIN; GRANT SELECT ON orders TO reporter`)
  const context = await testContext(cluster.url('shop'), {
    inspectors: [
      {
        name: 'ledger',
        ledgerTables: ['public.ledger'],
        applied: async (query) =>
          (await query<{ id: string }>(`SELECT 'm' || count(*) AS id FROM public.orders`)).map(({ id }) => ({ id })),
        known: async () => [{ id: 'm1' }, { id: 'm2' }],
      },
      {
        name: 'broken',
        ledgerTables: [],
        applied: (query) => query('SELECT * FROM no_such_table'),
        known: async () => [],
      },
    ],
  })
  const warnings: string[] = []
  const { manifest } = await runBackup(
    context,
    testOptions({
      number: 42,
      tags: { release: '7' },
      pinned: true,
      report: (event) => event.type === 'log' && event.level === 'warning' && warnings.push(event.message),
    }),
  )
  expect(manifest).toMatchObject({
    number: 42,
    name: 'nightly',
    app_name: 'test',
    app_version: '1.2.3',
    database: 'shop',
    node_version: process.versions.node,
    installed_packages: { pg: '8.23.1' },
    tags: { release: '7' },
    migration_state: { ledger: [expect.stringMatching(/^m\d+$/)] },
    database_properties: { owner: 'postgres', encoding: 'UTF8' },
  })
  expect(manifest.lifeboat_version).toMatch(/^\d+\.\d+\.\d+/)
  expect(manifest.database_size).toBeGreaterThan(1_000_000)
  expect(manifest.roles.map(({ name }) => name)).toContain('reporter')
  expect(manifest.extensions.map(({ name }) => name)).toContain('plpgsql')
  expect(manifest.migrations.map(({ inspector }) => inspector)).toEqual(['ledger'])
  expect(warnings).toEqual([expect.stringContaining('"broken"')])
  expect([...(await listPins(context.repository)).keys()]).toEqual([manifest.id])
})

test('a second backup of unchanged rows stores next to nothing, and the first stays readable', async () => {
  const context = await testContext(cluster.url('shop'))
  const first = await runBackup(context, testOptions())
  const second = await runBackup(context, testOptions())
  expect(second.manifest.stored_bytes).toBeLessThan(first.manifest.stored_bytes / 20)
  expect(second.manifest.number).toBe(first.manifest.number + 1)
  const [one, two] = [
    await openBackup(context.repository, first.manifest),
    await openBackup(context.repository, second.manifest),
  ]
  expect((await two.rows('public.orders')).equals(await one.rows('public.orders'))).toBe(true)
})

test('rows, tables and schemas can be left out; the bookkeeping always is', async () => {
  const context = await testContext(cluster.url('shop'))
  const exclude = { tables: ['public.wide'], schemas: ["it's; --"], rows: ['public.orders'] }
  const { manifest } = await runBackup(context, testOptions({ exclude }))
  const { tables, reader } = await openBackup(context.repository, manifest)
  expect([...tables.keys()].filter((name) => /wide|quo|marker/.test(name))).toEqual([])
  expect(tables.get('public.orders')).toMatchObject({ rows: 0, rows_excluded: true, segments: [] })
  expect(manifest.exclusions).toEqual(exclude)
  const archive = await reader.readBytes(manifest.streams.schema)
  expect(archive.includes('CREATE TABLE public.orders')).toBe(true)
  expect(archive.includes('CREATE TABLE public.wide')).toBe(false)
  expect(archive.includes('lifeboat')).toBe(false)
})

test('media folders come with it, and what could not be read is told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-backup-media-'))
  try {
    await mkdir(join(folder, 'images'))
    await writeFile(join(folder, 'images', 'a.bin'), Buffer.alloc(3 << 20, 'picture'))
    await symlink('/etc/passwd', join(folder, 'link'))
    const context = await testContext(cluster.url('shop'), { media: [{ name: 'uploads', path: folder }] })
    const { manifest } = await runBackup(context, testOptions({ includeMedia: true }))
    expect(manifest).toMatchObject({
      include_media: true,
      media_size: 3 << 20,
      media: [
        { name: 'uploads', path: folder, files: 1, bytes: 3 << 20, problems: [{ path: 'link', problem: 'skipped' }] },
      ],
    })
    const { reader } = await openBackup(context.repository, manifest)
    const tar = await reader.readBytes(manifest.media[0]!.tar)
    expect(execFileSync('tar', ['-tf', '-'], { input: tar }).toString().split('\n')).toEqual([
      'uploads/',
      'uploads/images/',
      'uploads/images/a.bin',
      '',
    ])
    expect(tar.length).toBe(manifest.media[0]!.tar.bytes)

    const again = await runBackup(context, testOptions({ includeMedia: true }))
    expect(again.manifest.media[0]!.tar).toEqual(manifest.media[0]!.tar)
    const without = await runBackup(context, testOptions())
    expect(without.manifest).toMatchObject({ include_media: false, media: [], media_size: 0, lost_files: 0 })
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('what is lost of media is counted apart from what no backup holds, and stays a fact of the backup', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-backup-media-'))
  try {
    await writeFile(join(folder, 'a'), 'here')
    await symlink('/etc/passwd', join(folder, 'link'))
    await writeFile(Buffer.concat([Buffer.from(folder), Buffer.from([0x2f, 0xff, 0xfe])]), 'its name is not UTF-8')
    const context = await testContext(cluster.url('shop'), { media: [{ name: 'uploads', path: folder }] })
    const said: string[] = []
    const { manifest } = await runBackup(
      context,
      testOptions({
        includeMedia: true,
        report: (event) => event.type === 'log' && event.level === 'warning' && said.push(event.message),
      }),
    )
    expect(manifest.lost_files).toBe(1)
    expect(manifest.media[0]).toMatchObject({ files: 1, lost: 1, skipped: 1, changed: 0, mounted: false })
    expect(said).toContain('Media "uploads": 1 file could not be read and is not in the backup.')
  } finally {
    await rm(folder, { recursive: true })
  }
})

test.skipIf(!canMount())(
  'a media folder whose file system is not mounted any more is not one without files',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lifeboat-backup-media-'))
    const context = await testContext(cluster.url('shop'), { media: [{ name: 'uploads', path: folder }] })
    const mount = () => execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder])
    const unmount = () => execFileSync('umount', [folder])
    try {
      mount()
      try {
        await writeFile(join(folder, 'a'), 'here')
        const { manifest } = await runBackup(context, testOptions({ includeMedia: true }))
        expect(manifest.media[0]?.mounted).toBe(true)
      } finally {
        unmount()
      }
      for (const type of ['incremental', 'full'] as const)
        await expect(runBackup(context, testOptions({ includeMedia: true, type }))).rejects.toMatchObject({
          code: 'MEDIA_FOLDER_MISSING',
          message: expect.stringContaining('not mounted'),
        })
      // A volume that is mounted and empty is what it says.
      mount()
      try {
        await runBackup(context, testOptions({ includeMedia: true }))
      } finally {
        unmount()
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  },
)

test('a media folder that is missing fails the backup, and leaves nothing visible', async () => {
  const context = await testContext(cluster.url('shop'), { media: [{ name: 'gone', path: '/no/such/folder' }] })
  await expect(runBackup(context, testOptions({ includeMedia: true }))).rejects.toMatchObject({
    code: 'MEDIA_FOLDER_MISSING',
  })
  expect(await Array.fromAsync(context.repository.storage.list('backups/'))).toEqual([])
})

test('an id that is taken is refused, and the backup that has it stays', async () => {
  const context = await testContext(cluster.url('shop'))
  const { manifest } = await runBackup(context, testOptions())
  await expect(runBackup(context, testOptions({ id: manifest.id }))).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  expect((await readManifest(context.repository, manifest.id)).manifest).toEqual(manifest)
})
