import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BackupEngine, createBackupEngine, type RestorePlan } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { some } from '../runner/counts.ts'
import { type Certificates, makeCertificates } from './certificates.ts'
import { findPgBouncer, type Pooler, startPgBouncer } from './pgbouncer.ts'
import { makeProfile, type Profile, profileNames } from './profile.ts'

const found = await findPgBouncer()
const command = 'command' in found ? found.command : []
const names = profileNames.filter((name) => name !== 'session-pooler' || command.length > 0)
const tried = some(names, 3)

let certificates: Certificates
let cluster: TemporaryCluster
let pooler: Pooler | undefined
let folder: string
beforeAll(async () => {
  certificates = await makeCertificates()
  cluster = await startTemporaryCluster({
    settings: {
      ...{ ssl: 'on', ssl_cert_file: certificates.cert, ssl_key_file: certificates.key },
      ...{ listen_addresses: 'localhost', shared_preload_libraries: 'pg_stat_statements', max_connections: 100 },
    },
  })
  const hba = join(cluster.dataDirectory, 'pg_hba.conf')
  await writeFile(hba, `hostnossl all heroku_like all reject\n${await readFile(hba, 'utf8')}`)
  await cluster.sql('postgres', 'SELECT pg_reload_conf()')
  // As providers have it: a role sees the databases that are given to it.
  for (const name of ['postgres', 'template1'])
    await cluster.sql('postgres', `REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`)
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-managed-'))
  if (command.length > 0)
    pooler = await startPgBouncer(command, cluster, { mode: 'session', users: { session_pooler: 'p' } })
})
afterAll(async () => {
  await pooler?.stop()
  await cluster?.stop()
  await certificates?.remove()
  if (folder) await rm(folder, { recursive: true, force: true })
})

const urlOf = (id: string) => {
  const user = { name: id, password: 'p' }
  if (id === 'session_pooler' && pooler) return pooler.url(id, user)
  return cluster.url(id, user).replace('127.0.0.1', 'localhost')
}

/** Everything that the application or the provider has in the database, and whose it is. */
async function contents(database: string): Promise<unknown> {
  const relations = await cluster.sql<{ name: string; owner: string }>(
    database,
    `SELECT format('%I.%I', nspname, relname) AS name, pg_get_userbyid(relowner)::text AS owner
     FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind IN ('r', 'v', 'm') AND nspname !~ '^(pg_|lifeboat)' AND nspname <> 'information_schema'
       AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e') ORDER BY 1`,
  )
  const rows: Record<string, unknown> = {}
  for (const { name, owner } of relations) {
    const [counted] = await cluster.sql(
      database,
      `SELECT count(*)::int AS rows, md5(string_agg(t::text, '|' ORDER BY t::text)) AS md5 FROM ${name} t`,
    )
    rows[name] = { owner, ...counted }
  }
  const others = await cluster.sql<{ what: string }>(
    database,
    `SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) AS what FROM pg_constraint WHERE conrelid <> 0 AND connamespace::regnamespace::text !~ '^(pg_|information_schema|lifeboat)'
     UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal
     UNION ALL SELECT 'policy ' || polname FROM pg_policy UNION ALL SELECT 'extension ' || extname FROM pg_extension
     UNION ALL SELECT 'event trigger ' || evtname FROM pg_event_trigger UNION ALL SELECT 'publication ' || pubname FROM pg_publication
     UNION ALL SELECT 'function ' || p.oid::regprocedure || ' of ' || pg_get_userbyid(proowner) FROM pg_proc p
       WHERE pronamespace::regnamespace::text !~ '^(pg_|information_schema|lifeboat)'
         AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e') ORDER BY 1`,
  )
  return { rows, others: others.map(({ what }) => what) }
}

interface Row {
  profile: Profile
  foretold: string[]
  asked: string[]
  way: string
  leftAlone: string
}
const table: Row[] = []

describe.each(tried)('%s', (name) => {
  let profile: Profile
  let engine: BackupEngine
  beforeAll(async () => {
    profile = await makeProfile(
      name,
      cluster,
      cluster
        .url(name.replaceAll('-', '_'), { name: name.replaceAll('-', '_'), password: 'p' })
        .replace('127.0.0.1', 'localhost'),
    )
    engine = createBackupEngine({
      ...{ database: urlOf(profile.id), repository: join(folder, name), encryption: 'none' },
      resources: { connections: profile.connections },
    })
    await engine.repository.init()
  })
  afterAll(() => engine?.stop())

  test('doctor foretells, a backup works, and a restore by the way that the plan proposes', async () => {
    const { checks } = await engine.doctor()
    const ofRights = checks.filter(({ id }) => /^(database|restore|tools)\b/.test(id))
    expect(ofRights.filter(({ level }) => level === 'failed')).toEqual([])
    const backup = await engine.backups.create()
    const before = await contents(profile.id)
    await cluster.sql(
      profile.id,
      'DELETE FROM orders; DROP VIEW rich; UPDATE customers SET balance = 7; DROP SCHEMA reports CASCADE',
    )

    const asked = await engine.restores.plan(backup.id)
    const way = await proposed(engine, backup.id, asked)
    expect(way.refusals).toEqual([])
    expect(
      foretells(
        checks.map(({ message }) => message),
        asked,
      ),
    ).toEqual([])
    await engine.restores.run(backup.id, { ...asOptions(asked), confirm: way.hash })
    const left = asked.proposal?.options.leaveOut ?? []
    expect(without(await contents(profile.id), left)).toEqual(without(before, left))

    table.push({
      profile,
      foretold: ofRights
        .filter(({ level, id }) => level === 'warning' && id.startsWith('restore.'))
        .map(({ message }) => message),
      asked: asked.refusals.map(({ code }) => code),
      way: [way.strategy, ...left.map((object) => `without \`${object}\``)].join(', '),
      leftAlone: /too: (.*)\.$/.exec(way.warnings.find(({ code }) => code === 'LEFT_ALONE')?.text ?? '')?.[1] ?? '',
    })
  })
})

function asOptions({ proposal }: RestorePlan) {
  return proposal?.options ?? {}
}

async function proposed(engine: BackupEngine, id: string, asked: RestorePlan): Promise<RestorePlan> {
  if (asked.refusals.length === 0) return asked
  expect(asked.proposal).not.toBeNull()
  return engine.restores.plan(id, asOptions(asked))
}

/** Refusals of the plan that no check of doctor's has spoken of. */
function foretells(messages: string[], { refusals }: RestorePlan): string[] {
  const spoken = (text: string) => messages.some((message) => message.includes(text))
  return refusals
    .filter(({ code, text }) => !spoken(text) && !(code === 'NO_CREATEDB' && spoken('cannot create databases')))
    .map(({ text }) => text)
}

function without(all: unknown, left: string[]): unknown {
  const { rows, others } = all as { rows: unknown; others: string[] }
  return { rows, others: others.filter((what) => !left.some((name) => what === name.toLowerCase())) }
}

test('docs/managed-postgresql.md has what was found', async () => {
  const cell = (text: string) => text.replaceAll('|', '\\|')
  const lines = table.map(({ profile, foretold, asked, way, leftAlone }) =>
    [
      `**${profile.name}**: ${profile.description}`,
      asked.length > 0 ? `refused: ${asked.map((code) => `\`${code}\``).join(' ')}` : 'goes',
      foretold.length > 0 ? 'says so' : 'finds nothing in the way',
      way,
      leftAlone,
    ]
      .map(cell)
      .join(' | '),
  )
  const made = [
    '| server and role | swap | doctor, before the first backup | the way that the plan proposes | what stays as it is |',
    '|---|---|---|---|---|',
    ...lines.map((line) => `| ${line} |`),
  ].join('\n')
  const file = fileURLToPath(new URL('../../docs/managed-postgresql.md', import.meta.url))
  const text = await readFile(file, 'utf8')
  const [head, , tail] = text.split(/<!-- (?:made by|end of) test\/managed -->/)
  const wanted = `${head}<!-- made by test/managed -->\n${made}\n<!-- end of test/managed -->${tail}`
  if (process.env.LIFEBOAT_WRITE_DOCS === '1') await writeFile(file, wanted)
  else if (tried.length === profileNames.length) expect(text).toBe(wanted)
})
