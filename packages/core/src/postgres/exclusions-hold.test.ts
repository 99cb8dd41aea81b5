import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { resolveConnection } from './connection.ts'
import { noExclusions } from './excluded.ts'
import { refuseTornExclusions } from './exclusions-hold.ts'
import { openSession, type Session } from './session.ts'

let cluster: TemporaryCluster
let session: Session
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.sql(
    'postgres',
    `CREATE TABLE parted (i int) PARTITION BY RANGE (i);
     CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (10);
     CREATE TABLE mother (i int); CREATE TABLE child (j int) INHERITS (mother);
     CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users VALUES (1);
     CREATE TABLE posts (id serial PRIMARY KEY, author int REFERENCES users); INSERT INTO posts (author) VALUES (1);
     CREATE TABLE drafts (author int REFERENCES users); INSERT INTO drafts VALUES (NULL);
     CREATE TABLE late (author int); INSERT INTO late VALUES (5);
     ALTER TABLE late ADD CONSTRAINT late_key FOREIGN KEY (author) REFERENCES users NOT VALID;
     CREATE VIEW names AS SELECT id FROM users;
     CREATE FUNCTION first_user(users) RETURNS int LANGUAGE sql AS 'SELECT 1';
     CREATE SCHEMA tools;
     CREATE FUNCTION tools.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
     CREATE TYPE tools.mood AS ENUM ('ok');
     CREATE SEQUENCE tools.counter;
     CREATE TABLE moody (m tools.mood, n int DEFAULT nextval('tools.counter'));
     CREATE TRIGGER stamped BEFORE INSERT ON moody FOR EACH ROW EXECUTE FUNCTION tools.stamp();
     CREATE SCHEMA alone; CREATE TABLE alone.a (i serial PRIMARY KEY); CREATE VIEW alone.v AS SELECT * FROM alone.a;
     CREATE TABLE alone.b (a int REFERENCES alone.a); INSERT INTO alone.a VALUES (1); INSERT INTO alone.b VALUES (1)`,
  )
  session = await openSession(resolveConnection(cluster.url()), { application: 'test' })
})
afterAll(async () => {
  await session?.close()
  await cluster?.stop()
})

const refused = async (exclude: Partial<typeof noExclusions>): Promise<string[]> =>
  refuseTornExclusions(session.query, { ...noExclusions, ...exclude }).then(
    () => [],
    (error) => error.detail.problems,
  )

test.each<[string, Partial<typeof noExclusions>, string[]]>([
  ['a parent without its partitions', { tables: ['parted'] }, ['table public.part needs table public.parted']],
  ['a parent without its children', { tables: ['public.mother'] }, ['table public.child needs table public.mother']],
  [
    'what keys, views and functions refer to',
    { tables: ['users'] },
    [
      'constraint drafts_author_fkey on table public.drafts needs table public.users',
      'constraint late_key on table public.late needs table public.users',
      'constraint posts_author_fkey on table public.posts needs table public.users',
      'function public.first_user(public.users) needs type public.users',
      'rule _RETURN on view public.names needs table public.users',
    ],
  ],
  [
    'a schema whose types, functions and sequences others use',
    { schemas: ['tools'] },
    [
      'default value for column n of table public.moody needs sequence tools.counter',
      'table public.moody needs type tools.mood',
      'trigger stamped on table public.moody needs function tools.stamp()',
    ],
  ],
  [
    'rows that rows refer to',
    { rows: ['users'] },
    ['rows of public.posts refer (posts_author_fkey) to rows of public.users'],
  ],
  ['rows of one schema', { rows: ['alone.a'] }, ['rows of alone.b refer (b_a_fkey) to rows of alone.a']],
])('%s: a backup that could not be restored is not made', async (_, exclude, problems) => {
  expect(await refused(exclude)).toEqual(problems)
})

test.each<[string, Partial<typeof noExclusions>]>([
  ['nothing', {}],
  ['a table nobody needs', { tables: ['posts', 'moody'] }],
  ['a family', { tables: ['part*', 'mother', 'child'] }],
  ['a schema that stands alone', { schemas: ['alone'] }],
  ['a schema by a pattern', { schemas: ['al*'] }],
  ['rows with the rows that refer to them', { rows: ['users', 'posts'] }],
  ['all rows of a schema', { rows: ['alone.*'] }],
])('%s may be left out', async (_, exclude) => {
  expect(await refused(exclude)).toEqual([])
})
