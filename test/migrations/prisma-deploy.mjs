// `prisma migrate deploy` and `prisma migrate resolve` without Prisma's native program, which has to be downloaded: the
// schema engine of the same release as WebAssembly, with its driver adapter.
// Arguments: the folder of migrations, the schema, and optionally `--rolled-back NAME` or `--applied NAME`.
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'

const [folder = '', schema = 'public', resolved, migrationName = ''] = process.argv.slice(2)
const file = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg')
const bindings = await import(file)
const bytes = await readFile(file.replace(/\.js$/, '.wasm'))
const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': bindings })
bindings.__wbg_set_wasm(instance.exports)
instance.exports.__wbindgen_start()

const names = (await readdir(folder)).filter((name) => existsSync(path.join(folder, name, 'migration.sql'))).sort()
const migrationDirectories = await Promise.all(
  names.map(async (name) => ({
    path: name,
    migrationFile: {
      path: 'migration.sql',
      content: { tag: 'ok', value: await readFile(path.join(folder, name, 'migration.sql'), 'utf8') },
    },
  })),
)
const migrationsList = {
  ...{ baseDir: folder, shadowDbInitScript: '', migrationDirectories },
  lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
}
// Prisma's program takes the schema from the URL; the adapter leaves it to the search path.
const options = `-c search_path="${schema.replaceAll(/[\\\s]/g, (one) => `\\${one}`)}"`
const adapter = new PrismaPg({ connectionString: process.env.DATABASE_URL, options }, { schema })
const engine = await bindings.SchemaEngine.new(
  { datamodels: [['schema.prisma', 'datasource db {\n  provider = "postgresql"\n}\n']] },
  () => {},
  bindMigrationAwareSqlAdapterFactory(adapter),
)
const filters = { externalTables: [], externalEnums: [] }
try {
  if (resolved === '--rolled-back') await engine.markMigrationRolledBack({ migrationName })
  else if (resolved === '--applied') await engine.markMigrationApplied({ migrationName, migrationsList })
  else {
    const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters })
    console.log(`applied: ${appliedMigrationNames.join(', ') || 'none'}`)
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
// Connections of the adapter's pool would keep the program for ten seconds.
process.exit()
