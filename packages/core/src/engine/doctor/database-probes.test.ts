import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isOlderMinor } from '../../postgres/client-tools.ts'
import { resolveConnection } from '../../postgres/connection.ts'
import { openSession } from '../../postgres/session.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../testing/temporary-cluster.ts'
import { functionSearchPaths } from './function-search-paths.ts'
import type { DatabaseContext, DoctorCheck, Probe } from './probe.ts'
import { serverLibraries } from './server-libraries.ts'

let cluster: TemporaryCluster
let folder: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-doctor-'))
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function probe(database: string, { run }: Probe<DatabaseContext>): Promise<DoctorCheck[]> {
  const session = await openSession(resolveConnection(cluster.url(database)), { application: 'test' })
  try {
    return await run({ session } as DatabaseContext)
  } finally {
    await session.close()
  }
}

test('functions in expressions that need a search_path are foretold; those that do not are not', async () => {
  await cluster.createDatabase('functions')
  await cluster.sql(
    'functions',
    `CREATE FUNCTION plain(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(t)';
     CREATE FUNCTION named(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT public.plain(t)';
     CREATE FUNCTION set_path(t text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public AS 'SELECT plain(t)';
     CREATE FUNCTION code(t text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN public.plain(t) <> ''plain''; END';
     CREATE TABLE good (a text CHECK (code(a)), b text GENERATED ALWAYS AS (named(a)) STORED);
     CREATE INDEX ON good (set_path(a)); CREATE INDEX ON good (lower(a))`,
  )
  expect(await probe('functions', functionSearchPaths)).toEqual([])
  await cluster.sql(
    'functions',
    `CREATE FUNCTION folded(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT plain(t)';
     CREATE FUNCTION checks(t text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN plain(t) <> ''x''; END';
     CREATE TABLE bad (a text CONSTRAINT checked CHECK (checks(a))); CREATE INDEX bad_folded ON bad (folded(a));
     CREATE MATERIALIZED VIEW bad_view AS SELECT folded(a) FROM bad`,
  )
  expect(await probe('functions', functionSearchPaths)).toMatchObject([
    {
      level: 'warning',
      message: expect.stringMatching(
        /public\.checks\(text\) in constraint checked \(it names plain.*public\.folded\(text\) in .*plain\(text\) does not exist/,
      ),
      advice: expect.stringMatching(/^ALTER FUNCTION public\.checks\(text\) SET search_path/),
    },
  ])
})

test('a library whose file was exchanged under the server: restart the server', async () => {
  await cluster.createDatabase('libraries')
  await cluster.sql('libraries', 'CREATE EXTENSION cube')
  const [{ path } = { path: '' }] = await cluster.sql<{ path: string }>(
    'libraries',
    `SELECT setting || '/cube.so' AS path FROM pg_config WHERE name = 'PKGLIBDIR'`,
  )
  const copy = join(folder, 'cube.so')
  await copyFile(path, copy)
  const { chmod } = await import('node:fs/promises')
  await chmod(folder, 0o755)
  await chmod(copy, 0o755)
  await cluster.sql(
    'libraries',
    `CREATE FUNCTION size_of(cube) RETURNS float8 LANGUAGE c IMMUTABLE STRICT AS '${copy}', 'cube_size'`,
  )
  expect(await probe('libraries', serverLibraries)).toEqual([])
  // As an upgrade does it: a new file, which wants a symbol that the running server does not have.
  const bytes = (await readFile(path)).toString('latin1').replaceAll('errmsg\0', 'errmsX\0')
  await rm(copy)
  await writeFile(copy, bytes, 'latin1')
  await chmod(copy, 0o755)
  expect(await probe('libraries', serverLibraries)).toMatchObject([
    {
      id: 'server.libraries',
      level: 'failed',
      message: expect.stringContaining('undefined symbol'),
      advice: expect.stringContaining('restart the server'),
    },
  ])
})

test.each([
  ['15.18 (Debian 15.18-1)', 15, 150_020, true],
  ['15.20', 15, 150_020, false],
  ['15.21', 15, 150_020, false],
  ['18.1', 18, 150_020, false],
])('pg_dump %s (major %i) for server %i: older minor %s', (version, major, server, older) => {
  expect(isOlderMinor({ version, major }, server)).toBe(older)
})
