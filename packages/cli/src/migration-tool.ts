import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readPackage } from './host-framework.ts'

/** A migration tool that a project uses, by its files. */
export interface MigrationTool {
  tool: string
  /** Where that was seen: `knex in package.json`. */
  because: string
  /** What it takes for `migrations` in the configuration; needs code of the application where `folder` is null. */
  line: string
  /** The function that `line` calls, of `@lifeboat/core/migrations`. */
  inspector: string
  /** The folder with migrations that was found. */
  folder: string | null
}

interface Rule {
  tool: string
  /** Names in package.json, or files: one of them shows that the project uses the tool. */
  packages?: readonly string[]
  files?: readonly string[]
  /** A file of the tool's own configuration, and what in it names the folder. */
  named?: { files: readonly string[]; folder: RegExp }
  folders: readonly string[]
  /** What the name or the text of a migration has that those of other tools lack. */
  looks: RegExp
  inspector: string
  options: (folder: string) => string
}

const ofFolder = (folder: string) => `{ migrations: ${JSON.stringify(folder).replaceAll('"', "'")} }`
const preset = (name: string) => ({
  inspector: 'ledgerPreset',
  options: (folder: string) => `'${name}', { migrations: '${folder}', command: true }`,
})
const usual = ['./migrations', './db/migrations', './src/migrations', './src/db/migrations', './database/migrations']
const configs = (name: string) => ['ts', 'mts', 'js', 'mjs', 'cjs', 'json'].map((end) => `${name}.${end}`)

const rules: readonly Rule[] = [
  {
    ...{ tool: 'Prisma', packages: ['prisma', '@prisma/client'], folders: ['./prisma/migrations'] },
    ...{ looks: /migration_lock\.toml/, inspector: 'prismaInspector', options: ofFolder },
  },
  {
    ...{ tool: 'Drizzle', packages: ['drizzle-orm', 'drizzle-kit'], folders: ['./drizzle', ...usual] },
    named: { files: configs('drizzle.config'), folder: /\bout:\s*['"`]([^'"`]+)/ },
    ...{ looks: /^(meta|\d+_\w+)$/m, inspector: 'drizzleInspector', options: ofFolder },
  },
  {
    ...{ tool: 'Knex', packages: ['knex'], folders: usual },
    named: { files: configs('knexfile'), folder: /\bdirectory:\s*['"`]([^'"`]*migrations?[^'"`]*)/ },
    ...{ looks: /\bknex\b/i, inspector: 'knexInspector', options: ofFolder },
  },
  {
    ...{ tool: 'Kysely', packages: ['kysely'], folders: usual },
    ...{ looks: /\bkysely\b/i, inspector: 'kyselyInspector', options: ofFolder },
  },
  {
    ...{ tool: 'node-pg-migrate', packages: ['node-pg-migrate'], folders: usual },
    ...{ looks: /\bpgm\b|-- up migration/i, inspector: 'nodePgMigrateInspector', options: ofFolder },
  },
  {
    ...{ tool: 'TypeORM', packages: ['typeorm'], folders: [], looks: /$^/, inspector: 'typeOrmInspector' },
    options: () => "{ dataSource: { migrations: ['./dist/migrations/*.js'] } }",
  },
  {
    ...{ tool: 'MikroORM', packages: ['@mikro-orm/migrations'], folders: [], looks: /$^/ },
    inspector: 'mikroOrmInspector',
    options: () => "{ orm: { entities: ['./dist/entities'], migrations: { path: './dist/migrations' } } }",
  },
  {
    ...{ tool: 'Umzug', packages: ['umzug', 'sequelize-cli'], folders: [], looks: /$^/, inspector: 'umzugInspector' },
    options: () => "{ migrations: './migrations/*.js', open: async ({ databaseUrl }) => ({ umzug, close }) }",
  },
  { tool: 'dbmate', files: ['db/migrations'], folders: usual, looks: /^-- migrate:up/m, ...preset('dbmate') },
  { tool: 'goose', files: usual, folders: usual, looks: /^-- \+goose Up/m, ...preset('goose') },
  { tool: 'Atlas', files: ['atlas.hcl'], folders: usual, looks: /^atlas\.sum$/m, ...preset('atlas') },
  { tool: 'sqlx', files: ['Cargo.toml'], folders: usual, looks: /^\d+_\w+(\.up)?\.sql$/m, ...preset('sqlx') },
  { tool: 'golang-migrate', files: ['go.mod'], folders: usual, looks: /\.up\.sql$/m, ...preset('golang-migrate') },
  { tool: 'Rails', files: ['Gemfile'], folders: ['./db/migrate'], looks: /\.rb$/m, ...preset('rails') },
  { tool: 'Alembic', files: ['alembic.ini'], folders: ['./alembic/versions'], looks: /\.py$/m, ...preset('alembic') },
  {
    ...{ tool: 'Flyway', files: ['flyway.toml', 'flyway.conf', 'pom.xml', 'build.gradle'] },
    folders: ['./sql', './src/main/resources/db/migration', ...usual],
    ...{ looks: /^V[\d._]+__.+\.sql$/m, ...preset('flyway') },
  },
]

/** The migration tools that a folder shows by package.json and files; those whose migrations were found come first. */
export async function findMigrationTools(folder: string): Promise<MigrationTool[]> {
  const { dependencies = {}, devDependencies = {} } = await readPackage(folder)
  const found: MigrationTool[] = []
  for (const rule of rules) {
    const name = rule.packages?.find((one) => Object.hasOwn(dependencies, one) || Object.hasOwn(devDependencies, one))
    const file = name === undefined ? await firstThere(folder, rule.files ?? []) : undefined
    if (name === undefined && file === undefined) continue
    const place = await folderOf(folder, rule)
    // A file that other tools have as well shows nothing without migrations that look like its own.
    if (name === undefined && place === null) continue
    const { tool, inspector, options, folders } = rule
    found.push({
      ...{ tool, inspector, folder: place },
      because: name === undefined ? `${place}` : `${name} in package.json`,
      line: `${inspector}(${options(place ?? folders[0] ?? '')})`,
    })
  }
  return found.toSorted((a, b) => Number(a.folder === null) - Number(b.folder === null))
}

async function folderOf(root: string, { named, folders, looks }: Rule): Promise<string | null> {
  const own = named && (await namedFolder(root, named))
  for (const folder of own ? [own, ...folders] : folders) {
    const names: string[] = await readdir(join(root, folder)).catch(() => [])
    if (names.length > 0 && (looks.test(names.join('\n')) || looks.test(await textsOf(join(root, folder), names))))
      return folder
  }
  return null
}

async function namedFolder(root: string, { files, folder }: NonNullable<Rule['named']>): Promise<string | undefined> {
  for (const file of files) {
    const text = await readFile(join(root, file), 'utf8').catch(() => '')
    const name = folder.exec(text)?.[1]
    if (name !== undefined) return name.startsWith('.') ? name : `./${name}`
  }
  return undefined
}

/** The beginning of a few of them: one style is kept by all of a folder. */
async function textsOf(folder: string, names: readonly string[]): Promise<string> {
  const files = names.filter((name) => /\.(sql|[cm]?[jt]s)$/.test(name)).sort()
  const some = [...new Set([...files.slice(0, 3), ...files.slice(-2)])]
  const texts = await Promise.all(some.map((name) => readFile(join(folder, name), 'utf8').catch(() => '')))
  return texts.map((text) => text.slice(0, 4000)).join('\n')
}

async function firstThere(root: string, files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    const [parent, name = ''] = [join(root, file, '..'), file.split('/').at(-1)]
    const names: string[] = await readdir(parent).catch(() => [])
    if (names.includes(name)) return file
  }
  return undefined
}
