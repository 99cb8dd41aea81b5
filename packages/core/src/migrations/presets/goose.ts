import { downSection } from '../down-steps/down-section.ts'
import type { Migration } from '../inspector.ts'
import { readLedgerRows } from '../ledger-rows.ts'
import { byNumber, type Preset } from './preset.ts'
import { numberOf, readSqlFile, sqlFiles, upSection } from './sql-files.ts'

/** goose: the newest row of a version says whether it is applied; version 0 is the table's own. */
export const goose: Preset = {
  table: 'goose_db_version',
  order: 'strict',
  folder: 'migrations',
  async applied(query, ledger) {
    const columns = ['id', 'version_id', 'is_applied', 'tstamp'] as const
    const newest = new Map<string, Migration>()
    for (const row of (await readLedgerRows(query, ledger, { columns, order: ['id'] })) ?? []) {
      const id = row.version_id ?? ''
      newest.delete(id)
      if (id !== '0' && row.is_applied === 'true')
        newest.set(id, { id, ...(row.tstamp ? { appliedAt: row.tstamp } : {}) })
    }
    return [...newest.values()]
  },
  known: async (folder) => {
    const found = await sqlFiles(folder, /^(\d+)_.*\.(?:sql|go)$/, ({ file, text }) =>
      file.endsWith('.sql') ? { hasDown: /^--\s*\+goose\s+Down/im.test(text) } : {},
    )
    return found.sort(byNumber)
  },
  idColumn: 'version_id',
  async upStep(folder, id) {
    const text = await textOf(folder, id)
    return text === null ? null : upSection(text, marks, /^--\s*\+goose\s+NO\s+TRANSACTION.*$/im)
  },
  async downStep(folder, id) {
    const text = await textOf(folder, id)
    return text === null ? null : downSection(text, marks)
  },
  command: ({ databaseUrl, folder }) => ({
    file: 'goose',
    args: ['-dir', folder, 'up'],
    env: { GOOSE_DRIVER: 'postgres', GOOSE_DBSTRING: databaseUrl },
  }),
}

const marks = { up: /^--\s*\+goose\s+Up.*$/im, down: /^--\s*\+goose\s+Down.*$/im }

const textOf = (folder: string, id: string): Promise<string | null> =>
  readSqlFile(folder, (file) => numberOf(/^(\d+)_.*\.sql$/.exec(file)) === id)
