import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createBackupEngine } from '@lifeboat/core'
import { createLocalStorage } from '@lifeboat/core/storage'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ChunkerParameters } from '../../packages/core/src/repository/chunks/chunker.ts'
import { initRepository } from '../../packages/core/src/repository/init.ts'
import { some } from '../runner/counts.ts'
import { type PostgresPrograms, postgresPrograms } from '../servers/postgres-versions.ts'

/** 1.14 with PostgreSQL 15, 1.16 with 17 and 18; 1.15 comes from pg_dump 16 alone, whose server is dumped by 17 here. */
const versions = await Promise.all(
  ([15, 18] as const).map(async (major) => ({ major, programs: await postgresPrograms(major) })),
)

/** Partitions at two levels, views upon views, groups of large objects with rights of their own, tables of no column. */
const objects = `
  CREATE ROLE lo_owner; CREATE ROLE "lo ""reader";
  CREATE TABLE parent (id int, part int) PARTITION BY LIST (part);
  CREATE TABLE child PARTITION OF parent FOR VALUES IN (1, 2) PARTITION BY LIST (part);
  CREATE TABLE leaf_1 PARTITION OF child FOR VALUES IN (1);
  CREATE TABLE leaf_2 PARTITION OF child FOR VALUES IN (2);
  INSERT INTO parent SELECT i, 1 + i % 2 FROM generate_series(1, 100) i;
  CREATE INDEX ON parent (id);
  CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
  CREATE TRIGGER fail BEFORE INSERT ON parent FOR EACH ROW EXECUTE FUNCTION fail();
  CREATE MATERIALIZED VIEW z_first AS SELECT * FROM parent;
  CREATE VIEW between_them AS SELECT * FROM z_first;
  CREATE MATERIALIZED VIEW a_second AS SELECT count(*) FROM between_them;
  CREATE MATERIALIZED VIEW never_filled AS SELECT 1 AS one WITH NO DATA;
  CREATE TABLE no_columns ();
  CREATE TABLE wide AS SELECT i, md5(i::text) || repeat('x', 900) AS pad FROM generate_series(1, 3000) i;
  CREATE SEQUENCE "odd '\\ seq" START 5; SELECT nextval('"odd ''\\ seq"');
  SELECT lo_from_bytea(0, ('object ' || i)::bytea) FROM generate_series(1, 2500) i;
  SELECT lo_create(900000001); ALTER LARGE OBJECT 900000001 OWNER TO lo_owner;
  SELECT lo_create(900000002); GRANT ALL ON LARGE OBJECT 900000002 TO "lo ""reader";
  SELECT lo_create(900000003); GRANT ALL ON LARGE OBJECT 900000003 TO "lo ""reader";
  COMMENT ON LARGE OBJECT 900000003 IS 'one of a group'`

describe.each(versions)('archives of PostgreSQL $major', ({ programs }) => {
  if ('unavailable' in programs) {
    test.skip(`skipped: ${programs.unavailable}`)
    return
  }
  const tools: PostgresPrograms = programs
  let cluster: TemporaryCluster
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lifeboat-recover-'))
    cluster = await startTemporaryCluster({ binDirectory: tools.server })
  })
  afterAll(async () => {
    await cluster?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  /** Backs a database up and gives both archives of it. */
  async function bothArchives(database: string, chunker?: ChunkerParameters) {
    const repository = join(folder, database)
    const engine = createBackupEngine({
      database: cluster.url(database),
      repository,
      encryption: 'none',
      clientTools: tools.client,
      appName: database,
      resources: { segmentBlocks: 64 },
    })
    if (chunker === undefined) await engine.repository.init()
    else {
      await mkdir(repository)
      await initRepository(createLocalStorage(repository), { encryption: 'none' }, { chunker })
    }
    const { id } = await engine.backups.create()
    const [theirs, ours] = [join(folder, `${database}.library`), join(folder, `${database}.recovered`)]
    await engine.backups.export(id, { file: theirs })
    await engine.stop()
    await promisify(execFile)(process.execPath, [join(repository, 'recover.mjs'), 'dump', repository, id, ours], {
      env: {},
    })
    return [await readFile(ours), await readFile(theirs)] as const
  }

  test('chunks so small that streams are lists of lists, and a table of many segments', async () => {
    await cluster.createDatabase('lists')
    await cluster.sql(
      'lists',
      `SELECT lo_from_bytea(0, ('object ' || i)::bytea) FROM generate_series(1, 5000) i;
       CREATE TABLE sparse (pad text) WITH (fillfactor = 10);
       INSERT INTO sparse SELECT repeat(i::text, 200) FROM generate_series(1, 10000) i`,
    )
    const small = { minBytes: 64, normalBytes: 256, maxBytes: 1024, strictBits: 9, looseBits: 6 }
    const [ours, theirs] = await bothArchives('lists', small)
    expect(ours.equals(theirs)).toBe(true)
  })

  test('large objects, partitions, views upon views', async () => {
    await cluster.createDatabase('objects')
    await cluster.sql('objects', objects)
    const [ours, theirs] = await bothArchives('objects')
    expect(ours.equals(theirs)).toBe(true)
  })

  const encodings: [string, string][] = [
    ['LATIN1', 'Größe'],
    ['WIN1251', 'таблица'],
    ['EUC_JP', 'plain'],
    ['SQL_ASCII', 'plain'],
  ]
  test.each(some(encodings, 1))('a database in %s', async (encoding, name) => {
    const database = `db_${encoding.toLowerCase()}`
    await cluster.sql(
      'postgres',
      `CREATE DATABASE ${database} TEMPLATE template0 ENCODING '${encoding}' LOCALE_PROVIDER libc LOCALE 'C'`,
    )
    await cluster.sql(
      database,
      `CREATE TABLE "${name}" ("col ${name}" text); INSERT INTO "${name}" VALUES ('${name}');
       COMMENT ON TABLE "${name}" IS '${name}'; CREATE SEQUENCE "seq ${name}";
       CREATE MATERIALIZED VIEW "view ${name}" AS SELECT * FROM "${name}"`,
    )
    const [ours, theirs] = await bothArchives(database)
    expect(ours.equals(theirs)).toBe(true)
  })
})
