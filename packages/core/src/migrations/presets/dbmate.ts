import { downSection } from '../down-steps/down-section.ts'
import { readLedgerRows } from '../ledger-rows.ts'
import type { Preset } from './preset.ts'
import { readSqlFile, sqlFiles, upSection } from './sql-files.ts'

/** dbmate: versions are text; a gap is run unless the command is given `--strict` (then say `order: 'strict'`). */
export const dbmate: Preset = {
  table: 'schema_migrations',
  order: 'any',
  folder: 'db/migrations',
  async applied(query, ledger) {
    const rows = await readLedgerRows(query, ledger, { columns: ['version'], order: ['version'] })
    return (rows ?? []).map(({ version }) => ({ id: version ?? '' }))
  },
  known: (folder) =>
    sqlFiles(folder, /^(\d+).*\.sql$/, ({ file, text }) => ({
      id: /^\d+/.exec(file)?.[0] ?? '',
      hasDown: /^--\s*migrate:down[^\n]*\n.*?\S/ms.test(text),
    })),
  idColumn: 'version',
  async upStep(folder, id) {
    const text = await textOf(folder, id)
    return text === null ? null : upSection(text, marks, /^--\s*migrate:up.*\btransaction:\s*false.*$/m)
  },
  async downStep(folder, id) {
    const text = await textOf(folder, id)
    return text === null ? null : downSection(text, marks)
  },
  // `up` would create the database, and without the first option its dump is written into the project.
  command: ({ folder }) => ({ file: 'dbmate', args: ['--no-dump-schema', '--migrations-dir', folder, 'migrate'] }),
}

const marks = { up: /^--\s*migrate:up.*$/m, down: /^--\s*migrate:down.*$/m }

const textOf = (folder: string, id: string): Promise<string | null> =>
  readSqlFile(folder, (file) => /^(\d+).*\.sql$/.exec(file)?.[1] === id)
