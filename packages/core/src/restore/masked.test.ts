import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { maskingPolicySchema } from '../masking/policy.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { defaultRestoreOptions } from './options.ts'
import { planRestore } from './plan/plan-restore.ts'
import { restoreFixture } from './restore-fixture.ts'
import { runRestore } from './run-restore.ts'

let cluster: TemporaryCluster
const { contextOf, backup, restore, databases } = restoreFixture(() => cluster)

const people = `
  CREATE EXTENSION citext;
  CREATE TABLE person (
    id int PRIMARY KEY, email citext UNIQUE NOT NULL, name text NOT NULL, phone text, born date, code varchar(20) UNIQUE,
    token uuid, secret bytea, salary numeric(12,2), settings jsonb, raw json, note text, mail_domain text GENERATED ALWAYS AS (split_part(email::text, '@', 2)) STORED);
  INSERT INTO person (id, email, name, phone, born, code, token, secret, salary, settings, raw, note) SELECT i, 'Person' || i || '@corp-secret.test', 'Jane Original ' || i, '+49 170 ' || (1000000 + i), date '1980-01-01' + i,
    'CODE-SECRET-' || i, md5(i::text)::uuid, decode(md5('s' || i), 'hex'), 1000.50 + i,
    jsonb_build_object('theme', 'dark', 'address', jsonb_build_object('street', 'Secretstreet ' || i, 'no', 12345678901234567890), 'Jane Original ' || i, 1, 'ratio', 1.10),
    json_build_object('phone', '+49 170 ' || i), CASE WHEN i % 2 = 0 THEN E'tab\\there \\\\ Jane Original ' || i END FROM generate_series(1, 500) i;
  CREATE TABLE message (id int PRIMARY KEY, sender citext REFERENCES person (email) ON UPDATE CASCADE, body text);
  INSERT INTO message SELECT i, 'Person' || i || '@corp-secret.test', 'from Person' || i || '@corp-secret.test' FROM generate_series(1, 300) i;
  CREATE TABLE audit (at timestamptz, what text); INSERT INTO audit SELECT now(), 'Jane Original ' || i || ' signed in' FROM generate_series(1, 100) i;
  CREATE TABLE country (code text PRIMARY KEY, name text); INSERT INTO country VALUES ('DE', 'Germany');
  CREATE INDEX ON person (lower(name));
  CREATE MATERIALIZED VIEW mails AS SELECT email, count(*) FROM person GROUP BY email;
  CREATE TABLE place (town text, n int) PARTITION BY LIST (town);
  CREATE TABLE place_a PARTITION OF place FOR VALUES IN ('Secretville Upon A'); CREATE TABLE place_b PARTITION OF place DEFAULT;
  INSERT INTO place VALUES ('Secretville Upon A', 1), ('Othersecretville', 2);
  SELECT lo_from_bytea(0, 'Jane Original 1 in a large object'); COMMENT ON TABLE person IS 'ask Jane Original 1';
  CREATE UNLOGGED TABLE session (data text); INSERT INTO session SELECT 'sessiondata Jane Original ' || i FROM generate_series(1, 50) i;
`

const tables = {
  person: {
    ...{
      id: 'keep',
      email: 'email',
      name: 'name',
      phone: 'phone',
      born: { shiftDays: 60 },
      code: 'hash',
      token: 'hash',
    },
    ...{ secret: 'hash', salary: { noise: 0.1 }, raw: { json: { '$.phone': 'phone' } }, note: 'null' },
    settings: { json: { '$.theme': 'keep', '$.ratio': 'keep', '$.address.no': 'keep', '$.address.street': 'hash' } },
  },
  'public.message': { id: 'keep', sender: 'email', body: { fixed: 'masked' } },
  audit: 'empty',
  country: 'keep',
  place: { town: 'hash', n: 'keep' },
  session: { data: 'hash' },
} as const

const policy = (changes: object = {}, key = 'a key of sixteen characters') =>
  maskingPolicySchema.parse({ key, tables: { ...tables, ...changes } })
const masked = (targetDatabase: string) => ({ strategy: 'new-database', targetDatabase, masked: true }) as const

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('people')
  await cluster.sql('people', people)
})
afterAll(() => cluster?.stop())

/** Everything that a database shows of its rows and of what was gathered about them. */
async function everything(database: string): Promise<string> {
  const relations = await cluster.sql<{ name: string }>(
    database,
    `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind IN ('r', 'm') AND nspname = 'public'`,
  )
  const texts = [
    ...relations.map(({ name }) => `SELECT t::text AS text FROM ${name} t`),
    `SELECT concat_ws(' ', most_common_vals::text, histogram_bounds::text) AS text FROM pg_stats WHERE schemaname = 'public'`,
    `SELECT description AS text FROM pg_description WHERE objoid >= 16384`,
    `SELECT encode(data, 'escape') AS text FROM pg_largeobject`,
  ]
  const rows = await Promise.all(texts.map((sql) => cluster.sql<{ text: string }>(database, sql)))
  return rows
    .flat()
    .map(({ text }) => text)
    .join('\n')
}
const originals = /corp-secret|Jane Original|CODE-SECRET|Secret(?:street|ville)|Othersecret|\+49 170/i

describe('a masked copy', () => {
  let id: string
  let context: Awaited<ReturnType<typeof contextOf>>
  beforeAll(async () => {
    context = await contextOf('people', { masking: policy() })
    id = await backup(context)
  })
  const under = (changes: object, key?: string) => ({ ...context, masking: policy(changes, key) })

  test('holds no value that is masked: rows, views, statistics, comments, large objects', async () => {
    expect(await everything('people')).toMatch(originals)
    const { masking, rows } = await restore(context, id, masked('copy_one'))
    expect(await everything('copy_one')).not.toMatch(originals)
    expect(rows).toBe(500 + 300 + 1 + 2 + 50)
    expect(masking?.canaries).toBeGreaterThan(1000)
    expect(masking?.leftOut).toEqual(['comments', 'large objects', 'media'])
    expect(masking?.tables.find(({ table }) => table === 'public.audit')).toMatchObject({ empty: true, rows: 0 })
    // A bound of a partition is a definition, and is told.
    expect(masking?.notes.join()).toContain('TABLE ATTACH public.place_a')
    expect(JSON.stringify(masking)).not.toMatch(originals)
  })

  test('keeps keys, numbers, JSON and what is computed', async () => {
    const [seen] = await cluster.sql<Record<string, unknown>>(
      'copy_one',
      `SELECT (SELECT count(*)::int FROM message JOIN person ON email = sender) AS joined,
         (SELECT count(DISTINCT email)::int FROM person) AS mails, (SELECT string_agg(DISTINCT mail_domain, ',') FROM person) AS domains,
         (SELECT settings::text FROM person WHERE id = 1) AS settings, (SELECT raw->>'phone' ~ '^.999' FROM person WHERE id = 1) AS raw,
         (SELECT count(*)::int FROM mails) AS view, (SELECT count(*)::int FROM place_b) AS moved,
         (SELECT bool_and(scale(salary) = 2) FROM person) AS scale, (SELECT relpersistence FROM pg_class WHERE relname = 'session') AS persistence`,
    )
    expect(seen).toMatchObject({ joined: 300, mails: 500, domains: 'example.invalid', raw: true, view: 500, moved: 2 })
    expect(seen).toMatchObject({ scale: true, persistence: 'u' })
    expect(seen?.settings).toMatch(
      /^\{"ratio": 1\.10, "theme": "dark", "address": \{"no": 12345678901234567890, "street": "m_\w+"\}\}$/,
    )
    const distances = (database: string) => cluster.sql(database, 'SELECT max(born) - min(born) AS days FROM person')
    expect(await distances('copy_one')).toEqual(await distances('people'))
  })

  test('is the same in another run and another database, and another one under another key', async () => {
    const mails = (database: string) =>
      cluster.sql(database, 'SELECT id, email, name, token, born FROM person ORDER BY id')
    await cluster.createDatabase('others')
    await cluster.sql('others', people)
    const other = await contextOf('others', { masking: policy() })
    await restore(other, await backup(other), masked('copy_other'))
    expect(await mails('copy_other')).toEqual(await mails('copy_one'))
    await restore(under({}, 'another key of sixteen'), id, masked('copy_key'))
    const [first, second] = [await mails('copy_one'), await mails('copy_key')]
    expect(first.filter((row, at) => JSON.stringify(row) === JSON.stringify(second[at]))).toEqual([])
  })

  test('is refused by name where the policy leaves something open', async () => {
    const refusals = async (changes: object, options: object = masked('copy_two')) => {
      const plan = await planRestore(under(changes), { ...defaultRestoreOptions, backupId: id, ...options })
      return plan.refusals.map(({ code, text }) => `${code}: ${text}`)
    }
    const { note: _, ...without } = tables.person
    expect(await refusals({ person: without })).toEqual([
      'MASK_UNCLASSIFIED: The masking policy does not name 1 table or column: public.person.note.',
    ])
    expect(await refusals({}, { masked: true, targetDatabase: 'people', intoOther: true })).toEqual([
      expect.stringMatching(/^MASK_TARGET: /),
    ])
    const none = await planRestore(
      { ...context, masking: undefined },
      { ...defaultRestoreOptions, backupId: id, ...masked('copy_two') },
    )
    expect(none.refusals.map(({ code }) => code)).toEqual(['MASK_POLICY'])
    await expect(restore(under({ country: { code: 'keep' } }), id, masked('copy_two'))).rejects.toMatchObject({
      code: 'RESTORE_REFUSED',
      message: expect.stringContaining('public.country.name'),
    })
  })

  test('is refused when a migration has added a column since', async () => {
    await cluster.createDatabase('grown')
    await cluster.sql('grown', people)
    const grown = await contextOf('grown', { masking: policy() })
    await cluster.sql(
      'grown',
      'ALTER TABLE country ADD COLUMN capital text; ALTER TABLE message ADD COLUMN copied_to text',
    )
    const plan = await planRestore(grown, {
      ...{ ...defaultRestoreOptions, backupId: await backup(grown), ...masked('copy_grown') },
    })
    // A table that is kept as a whole is kept with what is added to it: that was said.
    expect(plan.refusals.map(({ text }) => text)).toEqual([
      'The masking policy does not name 1 table or column: public.message.copied_to.',
    ])
  })

  const module = (body: string) => ({ module: `data:text/javascript,${encodeURIComponent(body)}` })

  test('is dropped where originals come through, and nothing of them is told', async () => {
    const logged: unknown[] = []
    const through = restoreWith({ 'public.message': { ...tables['public.message'], body: 'keep' } }, logged)
    await expect(through).rejects.toMatchObject({
      code: 'MASK_LEAK',
      message: expect.stringContaining('public.message.body holds values of public.'),
    })
    const identity = restoreWith({ session: { data: module('export default (v) => v') } }, logged)
    await expect(identity).rejects.toMatchObject({ code: 'MASK_LEAK' })
    const failing = restoreWith({ session: { data: module('export default (v) => { throw new Error(v) }') } }, logged)
    await expect(failing).rejects.toMatchObject({ code: 'MASK_FAILED' })
    const wrongType = restoreWith({ person: { ...tables.person, born: { fixed: 'no date' } } }, logged)
    await expect(wrongType).rejects.toMatchObject({ code: 'RESTORE_FAILED' })
    const errors = await Promise.allSettled([through, identity, failing, wrongType])
    const told = errors.map((one) =>
      one.status === 'rejected' ? [one.reason.message, one.reason.advice, JSON.stringify(one.reason.detail)] : [],
    )
    expect(JSON.stringify([told, logged])).not.toMatch(originals)
    expect((await databases()).filter((name) => /^(?:lifeboat_copy|copy_two)/.test(name))).toEqual([])
  })

  async function restoreWith(changes: object, logged: unknown[]) {
    const ready = under(changes)
    const plan = await planRestore(ready, { ...defaultRestoreOptions, backupId: id, ...masked('copy_two') })
    return runRestore(ready, plan, { report: (event) => void logged.push(event) })
  }

  test('that is broken off at any phase leaves nothing', async () => {
    for (const phase of ['rows', 'refresh', 'prove-masked']) {
      const plan = await planRestore(context, { ...defaultRestoreOptions, backupId: id, ...masked('copy_two') })
      const stopping = new AbortController()
      const report = (event: { type: string; phase?: string }) => {
        if (event.type === 'phase' && event.phase === phase) stopping.abort()
      }
      await expect(runRestore(context, plan, { signal: stopping.signal, report })).rejects.toMatchObject({
        code: 'ABORTED',
      })
    }
    expect((await databases()).filter((name) => /^(?:lifeboat_copy|copy_two)/.test(name))).toEqual([])
  })

  test('takes what the policy says: large objects, comments, sequences from their start', async () => {
    const policyOfAll = { ...policy(), largeObjects: 'keep', comments: 'keep', sequences: 'start' } as const
    await restore({ ...context, masking: policyOfAll }, id, masked('copy_all'))
    const [seen] = await cluster.sql(
      'copy_all',
      `SELECT (SELECT count(*)::int FROM pg_largeobject_metadata) AS objects, obj_description('person'::regclass) AS comment`,
    )
    expect(seen).toEqual({ objects: 1, comment: 'ask Jane Original 1' })
  })
})

test('the policy in docs/masking.md does what it says', async () => {
  const text = await readFile(new URL('../../../../docs/masking.md', import.meta.url), 'utf8')
  const block = (language: string) => new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(text)?.[1] ?? ''
  process.env.MASKING_KEY = 'a key of the documents'
  const { default: options } = await import(`data:text/javascript,${encodeURIComponent(block('ts'))}`)
  await cluster.createDatabase('documents')
  await cluster.sql(
    'documents',
    `${block('sql')}
     INSERT INTO customer SELECT i, 'jane' || i || '@corp-secret.test', 'Jane Original ' || i, '+49 170 ' || 1000000 + i, '1980-01-01', 100.00 * i,
       '{"theme": "dark", "address": {"city": "Secretville Upon A", "street": "Secretstreet"}}', 'call Jane Original' FROM generate_series(1, 50) i;
     INSERT INTO message SELECT id, email, 'hello Jane Original' FROM customer; INSERT INTO country VALUES ('DE', 'Germany'); INSERT INTO audit_log VALUES (now(), 'Jane Original')`,
  )
  const context = await contextOf('documents', { masking: maskingPolicySchema.parse(options.masking) })
  await restore(context, await backup(context), masked('copy_documents'))
  expect(await everything('copy_documents')).not.toMatch(originals)
  const [row] = await cluster.sql(
    'copy_documents',
    `SELECT c.email, c.name, phone, note, settings::text, body, credit <> 5000 AS noisy, (SELECT count(*)::int FROM audit_log) AS audit
     FROM customer c JOIN message m ON sender = email JOIN country ON code = 'DE' WHERE c.id = 50`,
  )
  expect(row).toEqual({
    ...{
      email: expect.stringMatching(/^u_[0-9a-f]{32}@example\.invalid$/),
      name: expect.stringMatching(/^[A-Z]\w+ [A-Z]\w+$/),
    },
    ...{ phone: expect.stringMatching(/^\+999 \d{10}$/), note: null, body: 'text', noisy: true, audit: 0 },
    settings: expect.stringMatching(/^\{"theme": "dark", "address": \{"city": "m_[0-9a-f]{32}"\}\}$/),
  })
})
