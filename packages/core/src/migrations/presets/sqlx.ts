import { createHash } from 'node:crypto'
import { readLedgerRows } from '../ledger-rows.ts'
import { byNumber, type Preset } from './preset.ts'
import { numberOf, readSqlFile, sqlFiles } from './sql-files.ts'

/** sqlx: keeps the SHA-384 of each file; a row without success is a migration that did not finish. */
export const sqlx: Preset = {
  table: '_sqlx_migrations',
  order: 'any',
  folder: 'migrations',
  async applied(query, ledger) {
    const columns = ['version', 'description', 'installed_on', 'success', 'checksum'] as const
    const rows = await readLedgerRows(query, ledger, { columns, order: ['version'] })
    return (rows ?? []).map((row) => ({
      id: row.version ?? '',
      label: `${row.version}_${row.description}`,
      // bytea as text: \x and hex.
      checksum: (row.checksum ?? '').replace(/^\\x/, ''),
      ...(row.success === 'true' ? { appliedAt: row.installed_on ?? '' } : { state: 'failed' as const }),
    }))
  },
  known: async (folder) => {
    const found = await sqlFiles(folder, /^(\d+)_(?!.*\.down\.sql$).*\.sql$/, ({ file, bytes }, all) => ({
      checksum: createHash('sha384').update(bytes).digest('hex'),
      hasDown: file.endsWith('.up.sql') && all.includes(file.replace(/\.up\.sql$/, '.down.sql')),
    }))
    return found.sort(byNumber)
  },
  idColumn: 'version',
  upStep: (folder, id) =>
    readSqlFile(folder, (file) => numberOf(/^(\d+)_(?!.*\.down\.sql$).*\.sql$/.exec(file)) === id),
  downStep: (folder, id) => readSqlFile(folder, (file) => numberOf(/^(\d+)_.*\.down\.sql$/.exec(file)) === id),
  command: ({ folder }) => ({ file: 'sqlx', args: ['migrate', 'run', '--source', folder] }),
}
