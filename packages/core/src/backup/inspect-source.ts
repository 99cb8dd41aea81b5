import type { Reporter } from '../events.ts'
import { type ClientTools, findClientTools } from '../postgres/client-tools.ts'
import { openSession } from '../postgres/session.ts'
import type { BackupContext } from './backup-context.ts'

/** What is known of the source before anything of it is locked. */
export interface InspectedSource {
  tools: ClientTools
  /** Names the database whatever its address and name are: system identifier and oid. */
  leaseName: string
}

/**
 * Looks whether this database can be backed up with these rights and tools, and which one it is.
 * @throws EngineError `DATABASE_POOLER`, `DATABASE_VERSION`, `DATABASE_RIGHTS`, `ROW_SECURITY`, `CLIENT_TOOLS_MISSING`,
 *   `CLIENT_TOOLS_OLD`, ...
 */
export async function inspectSource(
  context: BackupContext,
  { signal }: { signal: AbortSignal; report?: Reporter },
): Promise<InspectedSource> {
  const session = await openSession(context.database, { application: 'backup preflight', signal })
  try {
    const tools = await findClientTools(session.serverMajor, { binDirectory: context.clientTools })
    const [identity] = await session.query<{ name: string }>(
      `SELECT 'backup-' || control.system_identifier || '-' || d.oid AS name
       FROM pg_catalog.pg_control_system() control, pg_catalog.pg_database d
       WHERE d.datname = pg_catalog.current_database()`,
    )
    return { tools, leaseName: identity!.name }
  } finally {
    await session.close()
  }
}
