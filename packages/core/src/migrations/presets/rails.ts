import path from 'node:path'
import { hashFile, listFolder } from '../files.ts'
import { readLedgerRows } from '../ledger-rows.ts'
import { byNumber, type Preset, plainNumber } from './preset.ts'

/** Active Record: versions as text, sorted as numbers; a gap is run. */
export const rails: Preset = {
  table: 'schema_migrations',
  order: 'any',
  folder: 'db/migrate',
  async applied(query, ledger) {
    const rows = (await readLedgerRows(query, ledger, { columns: ['version'], order: ['version'] })) ?? []
    const numbers = rows.filter(({ version }) => /^\d+$/.test(version ?? ''))
    return numbers.map(({ version }) => ({ id: plainNumber(version ?? '') })).sort(byNumber)
  },
  async known(folder) {
    const found = (await listFolder(folder)).flatMap((file) => {
      const digits = /^(\d+)_[_a-z0-9]*\.?[_a-z0-9]*\.rb$/.exec(file)?.[1]
      return digits === undefined ? [] : [{ file, id: plainNumber(digits) }]
    })
    const migrations = found.map(async ({ file, id }) => ({
      id,
      label: path.parse(file).name,
      sourceHash: await hashFile(path.join(folder, file)),
    }))
    return (await Promise.all(migrations)).sort(byNumber)
  },
  idColumn: 'version',
  // Outside of production the command would write db/schema.rb again.
  command: () => ({ file: 'bin/rails', args: ['db:migrate'], env: { RAILS_ENV: 'production' } }),
}
