import { qualifiedName } from '../../postgres/identifiers.ts'
import type { RestoreContent, RestoreRun } from '../restore-run.ts'
import { loadAsOwner } from './as-owner.ts'
import type { LoadParts } from './definition-jobs.ts'
import { type OwnSearchPath, withOwnSearchPath } from './own-search-path.ts'
import { rowsFailed } from './restore-failure.ts'
import type { RestoreSession } from './restore-session.ts'
import { loadRows, type RowsPart } from './rows.ts'
import { loadTogether } from './small-tables.ts'

/** Loads tables and tells of progress: `rows` is how many so far. */
export interface TablesLoader {
  load: LoadParts
  readonly rows: number
}

/** What tables are loaded with. */
interface LoadOptions {
  /** Tables whose extension may have put rows there. */
  ofExtensions: ReadonlySet<string>
  /** See as-owner.ts. */
  owners: ReadonlyMap<string, string>
  /** What is done to rows before they reach the server. */
  masking: RestoreContent['masking']
}

export function createTablesLoader(
  { manifest, reader, progress, report }: RestoreRun,
  own: OwnSearchPath,
  { ofExtensions, owners, masking }: LoadOptions,
): TablesLoader {
  const { encoding } = manifest.database_properties
  const { inTransaction } = own
  let rows = 0

  /** What a failed attempt has told of progress is taken back. */
  const loadAs = async (session: RestoreSession, part: RowsPart): Promise<number> => {
    const appends = ofExtensions.has(qualifiedName(part.table))
    const mode = inTransaction ? 'in-transaction' : appends ? 'append' : 'freeze'
    let bytes = 0
    const onBytes = (count: number) => {
      bytes += count
      progress.add({ bytes: count })
    }
    return loadAsOwner(session, { owners, inTransaction, report }, part, (role) =>
      loadRows(session, reader, part, {
        ...{ encoding, mode, role, onBytes, mask: masking?.masks.get(qualifiedName(part.table)) },
        choice: masking?.choices.get(qualifiedName(part.table)),
        onCanaries: (found) => masking?.canaries.add(part.table, found),
      }),
    ).catch((error: unknown) => {
      progress.add({ bytes: -bytes })
      throw error
    })
  }

  async function loadPart(session: RestoreSession, part: RowsPart): Promise<void> {
    const { schema, name } = part.table
    const added = await withOwnSearchPath(session, own, `Loading ${schema}.${name}`, () => loadAs(session, part)).catch(
      (error: unknown) => {
        throw rowsFailed(part.table, error, own.functions, masking?.masks.has(qualifiedName(part.table)) === true)
      },
    )
    rows += added
    progress.add({ rows: added })
  }

  return {
    get rows() {
      return rows
    },
    async load(session, parts) {
      // Rows that are masked go one table at a time: the quick way knows no masks.
      const isQuick = parts.length > 1 && masking === undefined
      if (isQuick && (await loadTogether(session, reader, parts, { encoding, inTransaction, owners }))) {
        for (const { table } of parts) {
          rows += table.rows
          progress.add({ rows: table.rows, bytes: table.bytes })
        }
        return
      }
      for (const part of parts) await loadPart(session, part)
    },
  }
}
