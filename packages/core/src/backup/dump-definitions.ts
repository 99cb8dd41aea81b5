import type { ClientTools } from '../postgres/client-tools.ts'
import type { ConnectionParameters } from '../postgres/connection.ts'
import { dumpSchema } from '../postgres/dump-schema.ts'
import type { ExportedSnapshot } from '../postgres/exported-snapshot.ts'
import type { BackupOptions } from './backup-context.ts'

/** What pg_dump needs of a snapshot. */
export type DumpableSnapshot = Pick<ExportedSnapshot, 'id' | 'bookkeeping' | 'signal'>

const schemaLockBudgetMs = 5000

/** The definitions as the snapshot sees them, by pg_dump. */
export function dumpDefinitions(
  tools: ClientTools,
  database: ConnectionParameters,
  { exclude, lockBudgetMs }: BackupOptions,
  { id, bookkeeping, signal, encoding }: DumpableSnapshot & { encoding: string },
): Promise<Buffer> {
  return dumpSchema(tools, database, {
    snapshot: id,
    exclude,
    encoding,
    bookkeeping,
    // Also with `wait`: pg_dump would wait behind a session that waits for us, a deadlock that PostgreSQL does not see.
    lockBudgetMs: lockBudgetMs === 'wait' ? schemaLockBudgetMs : lockBudgetMs,
    signal,
  })
}
