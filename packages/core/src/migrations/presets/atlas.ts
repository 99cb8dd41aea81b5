import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Migration } from '../inspector.ts'
import { readLedgerRows } from '../ledger-rows.ts'
import { byNumber, type Preset } from './preset.ts'
import { sqlFiles } from './sql-files.ts'

/**
 * Atlas: the hash of a file stands in `atlas.sum` and covers all files before it, so that one edit makes all later ones
 * differ as well.
 */
export const atlas: Preset = {
  schema: 'atlas_schema_revisions',
  table: 'atlas_schema_revisions',
  order: 'strict',
  folder: 'migrations',
  async applied(query, ledger) {
    const columns = ['version', 'description', 'applied', 'total', 'executed_at', 'error', 'hash'] as const
    const rows = (await readLedgerRows(query, ledger, { columns, order: ['version'] })) ?? []
    return rows
      .filter(({ version }) => /^\d+$/.test(version ?? ''))
      .map((row): Migration => {
        const finished = Number(row.applied) >= Number(row.total) && !row.error
        return {
          id: row.version ?? '',
          ...(row.hash ? { checksum: row.hash } : {}),
          ...(finished ? { appliedAt: row.executed_at ?? '' } : { state: 'failed' }),
        }
      })
  },
  known: async (folder) => {
    const sums = await readSums(path.join(folder, 'atlas.sum'))
    const found = await sqlFiles(folder, /^(\d+)[^.]*\.sql$/, ({ file }) => {
      const checksum = sums.get(file)
      return { id: /^\d+/.exec(file)?.[0] ?? '', ...(checksum === undefined ? {} : { checksum }) }
    })
    return found.sort(byNumber)
  },
  // It takes the URL as an argument only, which other users of the machine can see while it runs.
  command: ({ databaseUrl, folder }) => ({
    file: 'atlas',
    args: ['migrate', 'apply', '--url', databaseUrl, '--dir', `file://${folder}`],
  }),
}

/** `<file> h1:<hash>` a line, after one for the whole folder. */
async function readSums(file: string): Promise<Map<string, string>> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return new Map(
    text.split('\n').flatMap((line) => {
      const [, name = '', hash = ''] = /^(\S.*?) h1:(\S+)\s*$/.exec(line) ?? []
      return name === '' ? [] : [[name, hash] as const]
    }),
  )
}
