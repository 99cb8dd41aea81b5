import { log, type Reporter } from '../events.ts'
import { type ClientTools, findClientTools, isOlderMinor } from '../postgres/client-tools.ts'
import { preflightSource } from '../postgres/preflight.ts'
import { readServerFacts, type ServerFacts } from '../postgres/server-facts.ts'
import type { Session } from '../postgres/session.ts'
import type { BackupOptions, OpeningContext } from './backup-context.ts'
import { refuseExcludedLedgers } from './excluded-ledgers.ts'

/** What is known of the source before anything of it is locked. */
export interface InspectedSource {
  server: ServerFacts
  tools: ClientTools
  /** Names the database whatever its address and name are: one backup of it at a time. */
  leaseName: string
}

/**
 * Looks whether this database can be backed up with these rights and tools.
 * @throws EngineError `DATABASE_POOLER`, `DATABASE_VERSION`, `DATABASE_RIGHTS`, `ROW_SECURITY`, `CLIENT_TOOLS_MISSING`,
 *   `CLIENT_TOOLS_OLD`, `LEDGER_EXCLUDED`, ...
 */
export async function inspectSource(
  session: Session,
  context: Pick<OpeningContext, 'clientTools' | 'inspectors'>,
  options: BackupOptions,
  report?: Reporter,
): Promise<InspectedSource> {
  for (const { code, text } of await preflightSource(session, options.exclude)) log(report, 'warning', text, { code })
  await refuseExcludedLedgers(session.query, context.inspectors, options.exclude)
  const server = await readServerFacts(session.query)
  const tools = await findClientTools(server.major, { binDirectory: context.clientTools })
  if (isOlderMinor(tools, server.version_num))
    log(report, 'warning', `pg_dump ${tools.version} is older than the server (${server.version}).`, {
      code: 'CLIENT_TOOLS_OLDER',
    })
  return { server, tools, leaseName: `backup-${server.system_identifier}-${server.database_oid}` }
}
