import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { sqlSha256 } from '../../packages/core/src/migrations/down-steps/down-step.ts'
import type { PlannedStep } from '../../packages/core/src/migrations/down-steps/plan-carried.ts'
import { createLedgerInspector } from '../../packages/core/src/migrations/ledger.ts'
import { resolveConnection } from '../../packages/core/src/postgres/connection.ts'
import { runCarriedSteps } from '../../packages/core/src/restore/database/run-carried.ts'
import { newRestoreId } from '../../packages/core/src/restore/names.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { some } from '../runner/counts.ts'
import { versionsToTest } from '../servers/postgres-versions.ts'

let cluster: TemporaryCluster
let count = 0
const inspector = createLedgerInspector(
  { name: 'tool', table: 'ledger', idColumn: 'id', known: ['1', '2'] },
  async () => {},
)

const schema = `
  CREATE TABLE ledger (id text PRIMARY KEY); INSERT INTO ledger VALUES ('1'), ('2'), ('3');
  CREATE TYPE mood AS ENUM ('sad');
  CREATE TABLE orders (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, feels mood, phone text);
  INSERT INTO orders (feels) SELECT 'sad' FROM generate_series(1, 10);
  CREATE VIEW sad AS SELECT id, feels FROM orders;
  CREATE FUNCTION twice(a int) RETURNS int LANGUAGE sql AS 'SELECT a * 2';
  CREATE FUNCTION asowner() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
  CREATE SEQUENCE tickets; CREATE SCHEMA "o'ps"; CREATE TABLE "o'ps"."t a" (id serial PRIMARY KEY);
  GRANT SELECT ON orders TO app;
`

const owners = (database: string) =>
  cluster.sql(
    database,
    `SELECT 'class' AS kind, relname::text AS name, relowner::regrole::text AS owner, relacl::text AS acl FROM pg_class WHERE oid >= 16384 AND relkind IN ('r', 'v', 'S')
     UNION ALL SELECT 'proc', proname, proowner::regrole::text, proacl::text FROM pg_proc WHERE oid >= 16384
     UNION ALL SELECT 'type', typname, typowner::regrole::text, typacl::text FROM pg_type WHERE oid >= 16384 AND typtype IN ('e', 'd', 'r')
     UNION ALL SELECT 'schema', nspname, nspowner::regrole::text, nspacl::text FROM pg_namespace WHERE nspname IN ('public', 'o''ps') ORDER BY 1, 2`,
  )
const stepRoles = () => cluster.sql('postgres', "SELECT FROM pg_roles WHERE rolname LIKE 'lifeboat_steps%'")

/** A copy whose newest migration is 3, and what comes of its down step. */
async function stepBack(
  sql: string,
  {
    as,
    signal,
    timeoutMs = 20_000,
    prepare,
  }: { as?: string; signal?: AbortSignal; timeoutMs?: number; prepare?(database: string): Promise<unknown> } = {},
) {
  const database = `copy_${++count}`
  await cluster.createDatabase(database, { owner: as ?? 'shop', template: `of_${as ?? 'shop'}` })
  await prepare?.(database)
  const before = await owners(database)
  const url = as ? cluster.url(database, { name: as, password: as }) : cluster.url(database)
  const step: PlannedStep = { inspector: 'tool', id: '3', sql, sha256: sqlSha256(sql), signed_by: null, notes: [] }
  const run = {
    restoreId: newRestoreId(),
    parameters: resolveConnection(url),
    inspectors: [inspector],
    steps: [step],
    timeoutMs,
  }
  const result = await runCarriedSteps({ ...run, ...(signal ? { signal } : {}) }).catch((error: Error) => error)
  return { database, before, result }
}

/** Two of them in `npm test`; rights of roles changed with 16. */
const versions = await versionsToTest(...some([17, 16, 18] as const, 1))

describe.each(versions)('$name', ({ binDirectory, unavailable }) => {
  beforeAll(async () => {
    if (unavailable) return
    cluster = await startTemporaryCluster({ binDirectory, initdbArguments: ['--lc-messages=C'] })
    await cluster.sql(
      'postgres',
      `CREATE ROLE shop LOGIN PASSWORD 'shop'; CREATE ROLE app LOGIN CREATEDB CREATEROLE PASSWORD 'app'; GRANT shop TO app`,
    )
    await cluster.createDatabase('live', { owner: 'shop' })
    for (const owner of ['shop', 'app']) {
      await cluster.createDatabase(`of_${owner}`, { owner })
      await cluster.sql(`of_${owner}`, `SET SESSION AUTHORIZATION ${owner}; ${schema}`)
    }
  })
  afterAll(() => cluster?.stop())
  beforeEach((context) => context.skip(unavailable !== undefined, unavailable))

  describe('a step that does what it says', () => {
    test.each([undefined, 'app'])(
      'runs as a role that is gone afterwards, and owners and grants are as before (%s)',
      async (as) => {
        const { database, before, result } = await stepBack(
          'ALTER TABLE orders DROP COLUMN phone;\nCREATE TABLE made (a int); DROP VIEW sad;',
          as ? { as } : {},
        )
        expect(result).toEqual(['3'])
        expect(await cluster.sql(database, 'SELECT id FROM ledger ORDER BY 1')).toEqual([{ id: '1' }, { id: '2' }])
        const after = (await owners(database)) as { name: string; owner: string }[]
        expect(after.find(({ name }) => name === 'made')?.owner).toBe(as ?? 'postgres')
        expect(after.filter(({ name }) => name !== 'made')).toEqual(before.filter(({ name }) => name !== 'sad'))
        expect(await stepRoles()).toEqual([])
      },
    )
  })

  describe.each([
    ['NOINHERIT', 'ALTER ROLE app NOINHERIT', 'ALTER ROLE app INHERIT'],
    ...['set', 'inherit', 'set, inherit'].map((value) => [
      `createrole_self_grant = '${value}'`,
      `ALTER ROLE app SET createrole_self_grant = '${value}'`,
      'ALTER ROLE app RESET createrole_self_grant',
    ]),
  ])('from 16 on a role with CREATEROLE that is %s', (_, before, after) => {
    test('runs steps, and gives all back', async (context) => {
      context.skip(cluster.majorVersion < 16, 'version 15 has no such options of a grant')
      await cluster.sql('postgres', before)
      // What the owner of a table may do hangs on INHERIT in each case: the role itself owns everything here.
      const { result } = await stepBack('ALTER TABLE orders DROP COLUMN phone; CREATE TABLE made (a int)', {
        as: 'app',
      })
      await cluster.sql('postgres', after)
      expect(result).toEqual(['3'])
      expect(await stepRoles()).toEqual([])
    })
  })

  test('a role without CREATEROLE is refused by the server, and nothing stays', async () => {
    await cluster.sql('postgres', 'ALTER ROLE app NOCREATEROLE')
    const { result } = await stepBack('DROP VIEW sad', { as: 'app' })
    await cluster.sql('postgres', 'ALTER ROLE app CREATEROLE')
    expect(String(result)).toMatch(/permission denied to create role/)
    expect(await stepRoles()).toEqual([])
  })

  test('a step that sets the password of its own role lets no one in by it, not even once it is committed', async () => {
    const connected = async (url: string) => {
      const client = new Client({ connectionString: url })
      await client.connect()
      return client
    }
    let name = ''
    const clients: Client[] = []
    const prepare = async (database: string) => {
      name = database
      clients.push(await connected(cluster.url(name)), await connected(cluster.url(name)))
      await clients[0]?.query('SELECT pg_advisory_lock(7)')
    }
    const running = stepBack(
      `DO $do$ BEGIN EXECUTE format('ALTER ROLE %I PASSWORD %L', session_user, 'known'); END $do$;
       ALTER TABLE orders DROP COLUMN phone; SELECT pg_advisory_xact_lock(7)`,
      { prepare },
    )
    const waiting = async (what: string) => {
      const sql = `SELECT usename AS role FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock' AND wait_event = '${what}'`
      await vi.waitFor(async () => expect(await cluster.sql('postgres', sql, [name])).toHaveLength(1), 60_000)
      return (await cluster.sql<{ role: string }>('postgres', sql, [name]))[0]?.role ?? ''
    }
    const role = await waiting('advisory')
    // What is given back waits behind this one, with the password committed and the owners still the step's.
    const held = clients[1]?.query('BEGIN; LOCK TABLE orders IN ACCESS SHARE MODE')
    await waiting('relation')
    await clients[0]?.query('SELECT pg_advisory_unlock(7)')
    await held
    const tried = await connected(cluster.url(name, { name: role, password: 'known' })).catch((error: Error) => error)
    for (const client of [tried, ...clients]) if (client instanceof Client) await client.end()
    expect(String(tried)).toMatch(/is not permitted to log in/)
    expect((await running).result).toEqual(['3'])
    expect(await stepRoles()).toEqual([])
  })

  test('a copy that PUBLIC cannot connect to lets the role in, and no one else', async () => {
    const aclOf = (database: string) =>
      cluster.sql('postgres', 'SELECT datacl::text FROM pg_database WHERE datname = $1', [database])
    let before: unknown
    const prepare = async (database: string) => {
      await cluster.sql('postgres', `REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC`)
      before = await aclOf(database)
    }
    const { database, result } = await stepBack('DROP VIEW sad', { as: 'app', prepare })
    expect(result).toEqual(['3'])
    expect(await aclOf(database)).toEqual(before)
    expect(await stepRoles()).toEqual([])
  })

  /** What a hostile step could be after: the server's files, another role, another database. */
  async function traces() {
    const [row] = await cluster.sql(
      'postgres',
      `SELECT
    (SELECT array_agg(rolname::text ORDER BY 1) FROM pg_roles WHERE rolsuper) AS superusers,
    (SELECT array_agg(setconfig::text) FROM pg_db_role_setting) AS settings,
    (SELECT array_agg(roleid::regrole || ' ' || member::regrole ORDER BY 1) FROM pg_auth_members) AS members,
    (SELECT array_agg(datname::text || ' ' || datdba::regrole ORDER BY 1) FROM pg_database WHERE datname !~ '^copy_') AS databases,
    (SELECT count(*)::int FROM pg_ls_dir('.') AS f WHERE f = 'hostile') AS files`,
    )
    return row
  }

  /** In the words of one version of the server or another. */
  const denied = /permission denied to COPY|must be superuser or have privileges of the pg_/
  const program = "COPY (SELECT 1) TO PROGRAM 'touch hostile'"
  const asPostgres = (sql: string) => `DO $do$ BEGIN ${sql} END $do$`
  /** SQL that would run as our role if it were run with ours in reach. */
  const trigger = (body: string, when: string) => `
  CREATE FUNCTION hostile() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN ${body} RETURN NULL; END $f$;
  CREATE ${when} ON orders ${when.includes('CONSTRAINT') ? 'DEFERRABLE INITIALLY DEFERRED' : ''} FOR EACH ROW EXECUTE FUNCTION hostile();
  INSERT INTO orders (feels) VALUES ('sad');`

  describe('what a hostile step tries is refused by the server, and nothing of it stays', () => {
    const cases: Record<string, [string, RegExp]> = {
      'a program on the server': [program, denied],
      'a file of the server': ["CREATE TABLE t (a text); COPY t FROM '/etc/passwd'", denied],
      'reading one by a function': ["SELECT pg_read_file('postgresql.conf')", /permission denied/],
      'SET ROLE': ['SET ROLE postgres', /permission denied to set role|must be|role/],
      'SET ROLE of the owner': ['SET ROLE shop', /permission denied to set role/],
      'RESET ROLE, then a program': [`RESET ROLE; ${program}`, denied],
      'the role by set_config': ["SELECT set_config('role', 'postgres', false)", /permission denied to set role/],
      'SET SESSION AUTHORIZATION': ['SET SESSION AUTHORIZATION postgres', /permission denied to set session auth/],
      'RESET SESSION AUTHORIZATION': [`RESET SESSION AUTHORIZATION; ${program}`, denied],
      'code that does so': [asPostgres(`EXECUTE 'RESET ROLE'; EXECUTE $x$${program}$x$;`), denied],
      'a trigger at COMMIT': [
        trigger(
          `PERFORM set_config('role', 'none', false); EXECUTE $x$${program}$x$;`,
          'CONSTRAINT TRIGGER h AFTER INSERT',
        ),
        denied,
      ],
      'a trigger on the ledger': [
        `CREATE FUNCTION hostile() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN EXECUTE $x$${program}$x$; RETURN OLD; END $f$;
       CREATE TRIGGER h BEFORE DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION hostile()`,
        denied,
      ],
      'settings of the live database': ['ALTER DATABASE live SET default_transaction_read_only = on', /must be owner/],
      'the name of the live database': ['ALTER DATABASE live RENAME TO gone', /must be owner|permission denied/],
      'a superuser': ['CREATE ROLE evil SUPERUSER', /permission denied|must be superuser/],
      'rights for itself': [
        asPostgres("EXECUTE format('ALTER ROLE %I SUPERUSER', session_user);"),
        /permission denied|must be superuser/,
      ],
      membership: [
        asPostgres("EXECUTE format('GRANT shop TO %I', session_user);"),
        /permission denied|must have admin option/,
      ],
      dblink: [
        "CREATE EXTENSION dblink; SELECT dblink_exec('dbname=live', 'DROP TABLE x')",
        /permission denied|not available|could not open/,
      ],
      'a command of psql': ['\\! touch hostile\nSELECT 1', /syntax error/],
      COMMIT: ['DELETE FROM orders; COMMIT; SELECT 1', /transaction commands/],
      'COMMIT in code': [asPostgres('COMMIT;'), /invalid transaction termination/],
      'rows of the client': ['COPY orders FROM STDIN', /cannot COPY/],
      'outside of a transaction': ['CREATE INDEX CONCURRENTLY ON orders (id)', /cannot be executed|cannot run/],
      'a function with the rights of its owner': [
        "CREATE FUNCTION later() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        /SECURITY DEFINER function, public\.later/,
      ],
      'another body for one that is there': [
        "CREATE OR REPLACE FUNCTION asowner() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 2'",
        /must be owner of function asowner/,
      ],
      'the rights of its owner for one that is there': [
        'ALTER FUNCTION twice SECURITY DEFINER',
        /SECURITY DEFINER function, public\.twice/,
      ],
      'a view with the rights of its owner': [
        'CREATE VIEW leak AS SELECT rolname, rolpassword FROM pg_authid; GRANT SELECT ON leak TO PUBLIC',
        /a view or a rule of public\.leak that reaches into pg_authid/,
      ],
      'a rule with the rights of its owner': [
        "CREATE RULE later AS ON INSERT TO orders DO ALSO UPDATE pg_authid SET rolsuper = true WHERE rolname = 'shop'",
        /a view or a rule of public\.orders that reaches into pg_authid/,
      ],
      'a cast that runs when the ledger is read': [
        `CREATE TYPE number AS ENUM ('1', '2', '3');
       CREATE FUNCTION hostile(number) RETURNS text LANGUAGE plpgsql AS $f$ BEGIN
         IF current_user = 'postgres' THEN EXECUTE $x$${program}$x$; END IF;
         RETURN enum_out($1); END $f$;
       CREATE CAST (number AS text) WITH FUNCTION hostile(number);
       ALTER TABLE ledger ALTER id TYPE number USING id::number`,
        /a table of migrations was replaced/,
      ],
      'a cast that anyone may run': [
        `CREATE FUNCTION hostile(mood) RETURNS text LANGUAGE sql AS 'SELECT NULL::text';
       CREATE CAST (mood AS text) WITH FUNCTION hostile(mood)`,
        /made a cast, public\.mood AS text/,
      ],
      'the ledger gone': ['DROP TABLE ledger', /not as it must be: it has nothing/],
      'another table for it': [
        "DROP TABLE ledger; CREATE TABLE ledger (id text); INSERT INTO ledger VALUES ('1'), ('2'), ('3')",
        /a table of migrations was replaced/,
      ],
      'a view for it': [
        'ALTER TABLE ledger RENAME TO l; CREATE VIEW ledger AS SELECT * FROM l',
        /a table of migrations was replaced/,
      ],
      'a row that hides itself': [
        "ALTER TABLE ledger ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY p ON ledger USING (id <> '2')",
        /not as it must be|row-level security/,
      ],
      'another row gone': ["DELETE FROM ledger WHERE id = '2'", /not as it must be: it has 1/],
      'a row that comes back': [
        `CREATE FUNCTION back() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN INSERT INTO ledger VALUES (OLD.id); RETURN OLD; END $f$;
       CREATE TRIGGER back AFTER DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION back()`,
        /3 is still in it/,
      ],
      'an error': ['ALTER TABLE no_such_table ADD COLUMN a int', /does not exist/],
    }
    test.each(some(Object.entries(cases), 16))('%s', async (_, [sql, said]) => {
      const before = await traces()
      const { result } = await stepBack(sql)
      expect(String(result)).toMatch(said)
      expect(result).toMatchObject({ code: 'MIGRATION_FAILED' })
      expect(await traces()).toEqual(before)
      expect(await stepRoles()).toEqual([])
    })
  })

  describe('what the backup brings lends a step no rights', () => {
    const ifOurs = `BEGIN IF current_user = 'postgres' THEN EXECUTE $x$${program}$x$; END IF;`

    test('an event trigger: none fires while our role gives back what the step has changed', async () => {
      const before = await traces()
      const prepare = (database: string) =>
        cluster.sql(
          database,
          `CREATE FUNCTION helper() RETURNS int LANGUAGE sql AS 'SELECT 1';
         CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM public.helper(); END';
         CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION watch();
         ALTER EVENT TRIGGER watch ENABLE ALWAYS`,
        )
      const replaced = `CREATE OR REPLACE FUNCTION helper() RETURNS int LANGUAGE plpgsql AS $f$ ${ifOurs} RETURN 1; END $f$`
      const { database, result } = await stepBack(replaced, { prepare })
      expect(result).toEqual(['3'])
      expect(await traces()).toEqual(before)
      expect(await cluster.sql(database, 'SELECT evtname, evtenabled FROM pg_event_trigger')).toEqual([
        { evtname: 'watch', evtenabled: 'A' },
      ])
      const itself = `CREATE OR REPLACE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS $f$ ${ifOurs} END $f$`
      expect(String((await stepBack(itself, { prepare })).result)).toMatch(/must be owner of function watch/)
      expect(await stepRoles()).toEqual([])
    })

    test('a SECURITY DEFINER function: it runs with the rights of the step, and is one again afterwards', async () => {
      const before = await traces()
      const prepare = (database: string) =>
        cluster.sql(
          database,
          `CREATE FUNCTION book() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'INSERT INTO public.orders (feels) VALUES (''sad'')'`,
        )
      const { database, result } = await stepBack(
        `CREATE FUNCTION hostile() RETURNS trigger LANGUAGE plpgsql AS $f$ ${ifOurs} RETURN NEW; END $f$;
       CREATE TRIGGER h BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION hostile(); SELECT book(); DROP TRIGGER h ON orders`,
        { prepare },
      )
      expect(result).toEqual(['3'])
      expect(await traces()).toEqual(before)
      expect(
        await cluster.sql(database, 'SELECT proname FROM pg_proc WHERE prosecdef AND oid >= 16384 ORDER BY 1'),
      ).toEqual([{ proname: 'asowner' }, { proname: 'book' }])
    })
  })

  describe('a step that does not end is ended', () => {
    const stubborn = `DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$`
    const atWork = () => cluster.sql('postgres', "SELECT FROM pg_stat_activity WHERE usename LIKE 'lifeboat_steps%'")

    test.each([
      ['by its time', 'SELECT pg_sleep(60)', /statement timeout/],
      ['although it catches that', stubborn, /terminat/],
      ['although it takes the time away', 'SET statement_timeout = 0; SELECT pg_sleep(60)', /statement timeout/],
    ])('%s', async (_, sql, said) => {
      const { result } = await stepBack(sql, { timeoutMs: 200 })
      expect(String(result)).toMatch(said)
      expect([await atWork(), await stepRoles()]).toEqual([[], []])
    })

    test('by an abort, even where it catches the cancellation', async () => {
      const abort = new AbortController()
      const running = stepBack(stubborn, { signal: abort.signal })
      await vi.waitFor(async () => expect(await atWork()).toHaveLength(1), 60_000)
      abort.abort()
      const { result } = await running
      expect(result).toMatchObject({ code: 'ABORTED' })
      await vi.waitFor(async () => expect([await atWork(), await stepRoles()]).toEqual([[], []]), 60_000)
    })

    test('by a lock that neither it nor the change of owners gets', async () => {
      let held: Client | undefined
      const prepare = async (database: string) => {
        held = new Client({ connectionString: cluster.url(database) })
        await held.connect()
        await held.query('BEGIN; LOCK TABLE orders IN ACCESS SHARE MODE')
      }
      const { result } = await stepBack('ALTER TABLE orders DROP COLUMN phone', { timeoutMs: 300, prepare })
      await held?.end()
      expect(String(result)).toMatch(/lock timeout/)
      expect(await stepRoles()).toEqual([])
    })
  })
})
