import { readLedgerRows } from '../ledger-rows.ts'
import { byNumber, type Preset } from './preset.ts'
import { numberOf, readSqlFile, sqlFiles } from './sql-files.ts'

/** golang-migrate: one row says how far the database is, and whether the last step did not finish. */
export const golangMigrate: Preset = {
  table: 'schema_migrations',
  order: 'strict',
  shape: 'pointer',
  folder: 'migrations',
  async applied(query, ledger) {
    const rows = await readLedgerRows(query, ledger, { columns: ['version', 'dirty'], order: ['version'] })
    return (rows ?? []).map(({ version, dirty }) => ({
      id: version ?? '',
      ...(dirty === 'true' ? { state: 'failed' as const } : {}),
    }))
  },
  known: async (folder) => {
    const found = await sqlFiles(folder, /^(\d+)_.*\.up\.[^.]+$/, ({ file }, all) => ({
      hasDown: all.includes(file.replace('.up.', '.down.')),
    }))
    return found.sort(byNumber)
  },
  upStep: (folder, id) => readSqlFile(folder, (file) => numberOf(/^(\d+)_.*\.up\.sql$/.exec(file)) === id),
  // It takes the URL as an argument only, which other users of the machine can see while it runs.
  command: ({ databaseUrl, folder }) => ({
    file: 'migrate',
    args: ['-database', databaseUrl, '-path', folder, 'up'],
  }),
}
