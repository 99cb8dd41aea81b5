import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

/**
 * The snippet of each tool's section of docs/migrations.md, as it stands there, in an empty project with that tool and one
 * migration: what it knows, what it applies, and that both are the same afterwards.
 */
const inspectors = [
  ...['drizzleInspector', 'knexInspector', 'kyselyInspector', 'ledgerInspector', 'ledgerPreset', 'mikroOrmInspector'],
  ...['nodePgMigrateInspector', 'prismaInspector', 'typeOrmInspector', 'umzugInspector'],
]

interface Project {
  /** What the snippet takes for granted of the program around it. */
  before?: string
  files: Record<string, string>
  /** Runs its migrations here: without a program that is not part of the repository. */
  runs?: false
}

const up = 'CREATE TABLE made (a int)'
const projects: Record<string, Project> = {
  Kysely: {
    files: {
      'migrations/001_made.mjs': `import { sql } from 'kysely'\nexport const up = (db) => sql\`${up}\`.execute(db)\nexport const down = (db) => sql\`DROP TABLE made\`.execute(db)\n`,
    },
  },
  Prisma: { files: { 'prisma/migrations/001_made/migration.sql': up }, runs: false },
  Drizzle: {
    files: {
      'drizzle/0000_made.sql': up,
      'drizzle/meta/_journal.json': JSON.stringify({
        ...{ version: '7', dialect: 'postgresql' },
        entries: [{ idx: 0, version: '7', when: 1_700_000_000_000, tag: '0000_made', breakpoints: true }],
      }),
    },
  },
  Knex: {
    files: {
      'migrations/001_made.cjs': `exports.up = (knex) => knex.raw('${up}')\nexports.down = (knex) => knex.raw('DROP TABLE made')\n`,
    },
  },
  TypeORM: {
    files: {
      'dist/migrations/1700000000001-made.js': `export class Made1700000000001 { up(runner) { return runner.query('${up}') } down(runner) { return runner.query('DROP TABLE made') } }\n`,
    },
  },
  MikroORM: {
    files: {
      'dist/entities/thing.js': `import { EntitySchema } from '@mikro-orm/core'\nexport const Thing = new EntitySchema({ name: 'Thing', properties: { id: { type: 'number', primary: true } } })\n`,
      'dist/migrations/Migration20260101000000.js': `import { Migration } from '@mikro-orm/migrations'\nexport class Migration20260101000000 extends Migration { up() { this.addSql('${up}') } }\n`,
    },
  },
  'Umzug and sequelize-cli': {
    before: "import { Sequelize } from 'sequelize'\nimport { SequelizeStorage, Umzug } from 'umzug'\n",
    files: {
      'migrations/01-made.js': `export const up = ({ context }) => context.sequelize.query('${up}')\nexport const down = ({ context }) => context.sequelize.query('DROP TABLE made')\n`,
    },
  },
  'node-pg-migrate': {
    files: { 'migrations/1700000000000_made.sql': `-- Up Migration\n${up};\n-- Down Migration\nDROP TABLE made;\n` },
  },
  'Tools outside of Node': {
    files: { 'db/migrations/01_made.sql': `-- migrate:up\n${up};\n-- migrate:down\n` },
    runs: false,
  },
  'Any other tool': { before: "const readVersions = async () => ['01']\n", files: {}, runs: false },
}

let cluster: TemporaryCluster
let root: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  root = await mkdtemp(join(tmpdir(), 'lifeboat-snippets-'))
})
afterAll(async () => {
  await cluster?.stop()
  await rm(root, { recursive: true, force: true })
})

const program = `
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { compareMigrations } from '@lifeboat/core/migrations'
import { Client } from 'pg'
const answers = {}
for (const { name, folder, databaseUrl, runs } of JSON.parse(process.argv[2])) {
  process.chdir(folder)
  const { inspector } = await import(pathToFileURL(join(folder, 'snippet.ts')).href)
  const known = await inspector.known()
  if (runs) await inspector.migrate({ databaseUrl, signal: new AbortController().signal, log() {} })
  const client = new Client(databaseUrl)
  await client.connect()
  const query = async (text, values) => (await client.query(text, values)).rows
  const applied = await inspector.applied(query)
  answers[name] = { known: known.length, applied: applied?.length, verdict: compareMigrations({ applied, known }).verdict }
  await client.end()
}
process.stdout.write('\\n' + JSON.stringify(answers))
process.exit(0)
`

/** The snippet as a module that exports the inspector. */
function moduleOf(snippet: string, { before = '' }: Project): string {
  const imports = `import { ${inspectors.join(', ')} } from '@lifeboat/core/migrations'\n`
  const body = snippet.replace(/^import .*\n/gm, '').trim()
  const list = /migrations: \[(.*)\],\n\}\)$/s.exec(body)
  return `${imports}${before}export const inspector = ${list ? list[1] : body}\n`
}

test('each tool has a snippet that works in an empty project', async () => {
  const text = await readFile('docs/migrations.md', 'utf8')
  // Some tools print what they do.
  const asked: { name: string; folder: string; databaseUrl: string; runs: boolean }[] = []
  for (const [name, project] of Object.entries(projects)) {
    const section = text.split(`\n## ${name}\n`)[1]?.split('\n## ')[0] ?? ''
    const snippet = /```ts\n(.*?)```/s.exec(section)?.[1]
    if (snippet === undefined) throw new Error(`"${name}" has no snippet`)
    const folder = join(root, name.replaceAll(/\W/g, '-').toLowerCase())
    const files = { 'package.json': '{ "type": "module" }', 'snippet.ts': moduleOf(snippet, project), ...project.files }
    for (const [file, content] of Object.entries(files)) {
      await mkdir(join(folder, file, '..'), { recursive: true })
      await writeFile(join(folder, file), content)
    }
    await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))
    const database = `of_${asked.length}`
    asked.push({ name, folder, databaseUrl: await cluster.createDatabase(database), runs: project.runs ?? true })
  }
  await symlink(join(process.cwd(), 'node_modules'), join(root, 'node_modules'))
  await writeFile(join(root, 'run.mjs'), program)
  // One process for all of them: most of its time is loading the tools.
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'run.mjs'), JSON.stringify(asked)])
  const answers = JSON.parse(stdout.split('\n').at(-1) ?? '') as Record<string, unknown>
  for (const [name, { runs = true }] of Object.entries(projects))
    expect({ name, answer: answers[name] }).toEqual({
      name,
      answer: runs ? { known: 1, applied: 1, verdict: 'same' } : { known: 1, applied: 0, verdict: 'behind' },
    })
})
