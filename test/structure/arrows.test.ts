import { describe, expect, test } from 'vitest'
import { readSources } from './sources.ts'

/**
 * Which folder of the core may import which: ARCHITECTURE.md, as a table. `types` may be imported for their types
 * alone. What stands in `openToAll` is open to all; a folder may import itself.
 */
const arrows: Record<string, { imports: string[]; types?: string[] }> = {
  storage: { imports: [] },
  threads: { imports: [] },
  postgres: { imports: [] },
  migrations: { imports: [], types: ['postgres'] },
  schema: { imports: [], types: ['postgres'] },
  policy: { imports: [] },
  // What is done to a row; a restore does it.
  masking: { imports: ['postgres', 'schema'] },
  notifications: { imports: [] },
  // Its PostgreSQL dialect and the swap of a restore keep one protocol: postgres/catalog-carry.ts.
  catalog: { imports: ['postgres'] },
  repository: { imports: ['storage', 'threads'] },
  backup: { imports: ['repository', 'threads', 'postgres', 'migrations', 'schema'], types: ['storage'] },
  // A restore makes a safety backup first.
  restore: {
    imports: ['repository', 'threads', 'postgres', 'migrations', 'schema', 'backup', 'masking'],
    types: ['storage'],
  },
  // A script is the definitions that a restore would run.
  export: { imports: ['repository', 'threads', 'postgres', 'restore'], types: ['storage', 'backup'] },
  // Another's file, read without a database.
  import: { imports: ['repository', 'threads', 'postgres', 'migrations'] },
  // What differs between a backup and the live rows: read with what a backup reads, taken back with what a restore has.
  rows: { imports: ['repository', 'threads', 'postgres', 'migrations', 'schema', 'backup', 'restore'] },
  // Checking means looking at objects as they lie there.
  maintenance: { imports: ['repository', 'threads', 'policy', 'storage'] },
  jobs: { imports: ['catalog'] },
  // Their libraries are optional, as those of storages are.
  queues: { imports: ['jobs', 'storage'] },
  // Faces run actions, and carry what they know as streams and files.
  http: { imports: ['policy', 'actions', 'catalog', 'engine'], types: ['jobs', 'postgres'] },
  testing: { imports: ['storage', 'catalog', 'jobs', 'postgres', 'migrations'] },
}
/** Where everything is put together. */
const everything = [...Object.keys(arrows), 'engine'].filter((folder) => folder !== 'http' && folder !== 'testing')
const composition: Record<string, string[]> = {
  actions: [...everything, 'engine'],
  // Its background runs actions as jobs.
  engine: [...everything, 'actions'],
  'engine.ts': [...everything, 'actions'],
  'inspectors.ts': ['migrations', 'postgres'],
  'index.ts': [...everything, 'engine', 'actions', 'http'],
  // What the package publishes beside it.
  entries: [...everything, 'engine', 'actions', 'http'],
}
const openToAll = [
  ...[
    'errors.ts',
    'error-table.ts',
    'advice.ts',
    'events.ts',
    'config.ts',
    'options',
    'version.ts',
    'counted.ts',
    'nearest-name.ts',
  ],
]

const core = 'packages/core/src/'
const sources = readSources(`${core}**/*.ts`)
const place = (path: string) => path.slice(core.length).split('/')[0] ?? ''

test('there is something to look at', () => {
  expect(sources.length).toBeGreaterThan(30)
  expect(sources.flatMap(({ imports }) => imports).length).toBeGreaterThan(100)
})

test('every folder of the core has a row in the table', () => {
  const places = new Set(sources.map(({ path }) => place(path)))
  const known = [...Object.keys(arrows), ...Object.keys(composition), ...openToAll]
  expect([...places].filter((name) => !known.includes(name))).toEqual([])
})

test('imports follow the arrows', () => {
  const wrong: string[] = []
  for (const { path, imports } of sources) {
    const own = place(path)
    if (openToAll.includes(own)) continue
    const row = arrows[own] ?? { imports: composition[own] ?? [] }
    for (const { from, typeOnly } of imports) {
      if (!from.startsWith(core)) continue
      const target = place(from)
      const allowed =
        target === own ||
        openToAll.includes(target) ||
        row.imports.includes(target) ||
        (own === 'index.ts' && composition['index.ts']?.includes(target)) ||
        (composition[own] !== undefined && ['inspectors.ts', 'engine.ts', 'engine'].includes(target)) ||
        (typeOnly && row.types?.includes(target))
      if (!allowed) wrong.push(`${path} imports ${typeOnly ? 'types of ' : ''}${from}`)
    }
  }
  expect(wrong).toEqual([])
})

const entries = new Set(
  ['actions', 'http', 'storage', 'migrations', 'queues', 'testing'].map((name) => `@lifeboat/core/${name}`),
)

test('other packages use the public entries of the core', () => {
  const wrong: string[] = []
  for (const { path, imports } of readSources('{packages/*/src,packages/*/bin,examples}/**/*.{ts,mjs}', {
    tests: true,
  })) {
    for (const { from } of imports) {
      const deep = from.startsWith('@lifeboat/core/') && !entries.has(from)
      const around = from.startsWith('packages/core/') && !path.startsWith('packages/core/')
      if (deep || around) wrong.push(`${path} imports ${from}`)
    }
  }
  expect(wrong).toEqual([])
})

describe('one door per library', () => {
  /** Library: the places that may import it, as beginnings of paths; types may be imported anywhere in the same package. */
  const doors: Record<string, string[]> = {
    pg: [`${core}postgres/`, `${core}catalog/`, `${core}testing/`],
    'pg-copy-streams': [`${core}postgres/`],
    execa: [`${core}postgres/`],
    kysely: [`${core}catalog/`, `${core}migrations/kysely.ts`],
    tar: [`${core}backup/`, `${core}restore/`, `${core}export/`],
    'p-queue': [`${core}jobs/`, `${core}backup/`, `${core}restore/`],
    croner: [`${core}jobs/`],
    zod: [
      `${core}actions/`,
      `${core}engine/background/`,
      `${core}config.ts`,
      `${core}options/`,
      `${core}repository/documents.ts`,
      `${core}repository/`,
      `${core}catalog/`,
      `${core}jobs/`,
      `${core}policy/`,
      `${core}notifications/options.ts`,
      `${core}masking/policy.ts`,
      `${core}masking/subset-policy.ts`,
      `${core}http/`,
      `${core}restore/`,
    ],
    nodemailer: [`${core}notifications/channels/email.ts`],
    'node:sqlite': [`${core}catalog/`],
    'node:child_process': [`${core}testing/`, 'packages/cli/bin/', 'packages/cli/src/passphrase-command.ts'],
    commander: ['packages/cli/'],
    '@clack/prompts': ['packages/cli/'],
    '@aws-sdk/client-s3': [`${core}storage/s3.ts`],
    '@azure/storage-blob': [`${core}storage/azure.ts`],
    '@google-cloud/storage': [`${core}storage/gcs.ts`],
    ssh2: [`${core}storage/sftp-session.ts`],
    knex: [`${core}migrations/knex.ts`],
    typeorm: [`${core}migrations/typeorm.ts`],
    'drizzle-orm': [`${core}migrations/drizzle.ts`],
    '@mikro-orm/migrations': [`${core}migrations/mikro-orm.ts`],
    '@mikro-orm/postgresql': [`${core}migrations/mikro-orm.ts`],
    'node-pg-migrate': [`${core}migrations/node-pg-migrate.ts`],
    'age-encryption': [`${core}repository/keys/age.ts`],
    bullmq: [`${core}queues/bullmq.ts`],
    ioredis: [`${core}queues/bullmq.ts`],
    'pg-boss': [`${core}queues/pg-boss.ts`],
    'graphile-worker': [`${core}queues/graphile-worker.ts`],
    express: ['packages/express-adapter/'],
    fastify: ['packages/fastify-adapter/'],
  }
  const packages = readSources('packages/*/{src,bin}/**/*.{ts,tsx,mjs}')

  test.each(Object.entries(doors))('%s', (library, places) => {
    const users = packages.filter(({ imports }) =>
      imports.some(({ from, typeOnly }) => !typeOnly && (from === library || from.startsWith(`${library}/`))),
    )
    const wrong = users.map(({ path }) => path).filter((path) => !places.some((door) => path.startsWith(door)))
    expect(wrong).toEqual([])
  })

  test('every library of the core has a door', () => {
    const used = new Set(
      packages
        .filter(({ path }) => path.startsWith(core))
        .flatMap(({ imports }) => imports.map(({ from }) => from))
        .filter((from) => !from.startsWith('.') && !from.startsWith('node:') && !from.startsWith('packages/'))
        .map((from) => (from.startsWith('@') ? from.split('/').slice(0, 2).join('/') : (from.split('/')[0] ?? ''))),
    )
    expect([...used].filter((library) => !(library in doors))).toEqual([])
  })
})
