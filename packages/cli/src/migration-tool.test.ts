import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { findMigrationTools } from './migration-tool.ts'

const made: string[] = []
afterEach(async () => {
  for (const folder of made.splice(0)) await rm(folder, { recursive: true })
})

async function project(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-tool-'))
  made.push(folder)
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

const uses = (...names: string[]) => ({
  'package.json': JSON.stringify({ devDependencies: Object.fromEntries(names.map((name) => [name, '1'])) }),
})
const node = 'exports.up = (knex) => knex.raw("SELECT 1")'

test.each<[name: string, files: Record<string, string>, lines: string[]]>([
  ['nothing', {}, []],
  ['a project without a database', { ...uses('express'), 'migrations/a.js': node }, []],
  ['Knex', { ...uses('knex'), 'migrations/1_a.js': node }, ["knexInspector({ migrations: './migrations' })"]],
  [
    'the folder that its own file names',
    {
      ...uses('knex'),
      'knexfile.js': "module.exports = { migrations: { directory: 'server/migrations' } }",
      'server/migrations/1.js': node,
    },
    ["knexInspector({ migrations: './server/migrations' })"],
  ],
  [
    'Prisma',
    {
      ...uses('@prisma/client'),
      'prisma/migrations/migration_lock.toml': '',
      'prisma/migrations/1_a/migration.sql': '',
    },
    ["prismaInspector({ migrations: './prisma/migrations' })"],
  ],
  [
    'Drizzle, where drizzle.config.ts says so',
    {
      ...uses('drizzle-orm'),
      'drizzle.config.ts': 'export default { out: `./db/steps` }',
      'db/steps/meta/_journal.json': '{}',
    },
    ["drizzleInspector({ migrations: './db/steps' })"],
  ],
  [
    'Kysely beside Knex, by what the migrations say',
    { ...uses('kysely', 'knex'), 'src/migrations/1.ts': "import type { Kysely } from 'kysely'" },
    ["kyselyInspector({ migrations: './src/migrations' })", "knexInspector({ migrations: './migrations' })"],
  ],
  [
    'node-pg-migrate',
    { ...uses('node-pg-migrate'), 'migrations/1_a.js': 'exports.up = (pgm) => pgm.sql("")' },
    ["nodePgMigrateInspector({ migrations: './migrations' })"],
  ],
  [
    'dbmate, without package.json',
    { 'db/migrations/1_a.sql': '-- migrate:up\nSELECT 1;\n-- migrate:down\n' },
    ["ledgerPreset('dbmate', { migrations: './db/migrations', command: true })"],
  ],
  [
    'Rails',
    { Gemfile: '', 'db/migrate/2026_a.rb': '' },
    ["ledgerPreset('rails', { migrations: './db/migrate', command: true })"],
  ],
  [
    'Flyway beside a package.json',
    { ...uses('express'), 'flyway.toml': '', 'migrations/V1__a.sql': '' },
    ["ledgerPreset('flyway', { migrations: './migrations', command: true })"],
  ],
  ['a Go program that migrates otherwise', { 'go.mod': '', 'migrations/readme.md': '' }, []],
])('%s', async (_, files, lines) => {
  expect((await findMigrationTools(await project(files))).map(({ line }) => line)).toEqual(lines)
})

test('a tool whose migrations are not found is told apart', async () => {
  const found = await findMigrationTools(await project(uses('typeorm', 'knex')))
  expect(found).toMatchObject([
    { tool: 'Knex', folder: null, because: 'knex in package.json' },
    { tool: 'TypeORM', folder: null, inspector: 'typeOrmInspector' },
  ])
})
