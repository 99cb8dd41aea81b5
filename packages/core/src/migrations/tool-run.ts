import { randomBytes } from 'node:crypto'
import { EngineError, isEngineError, throwIfAborted } from '../errors.ts'
import type { Query } from '../postgres/query.ts'
import type { MigrationInspector, MigrationRun } from './inspector.ts'
import { rollbackSteps } from './rollback-steps.ts'

/** What inspectors need of the folders that they must not import; inspectors.ts passes it to them. */
export interface ToolDoors {
  /** The parts of a URL, as node-postgres and the tools on top of it take them. */
  parts(databaseUrl: string): Promise<ConnectionParts>
  openQuery(databaseUrl: string): Promise<{ query: Query; close(): Promise<void> }>
  /** Cancels the statements of an application in the database of the URL, or terminates its sessions. */
  endSessions(databaseUrl: string, application: string, how: 'cancel' | 'terminate'): Promise<void>
}

export interface ConnectionParts {
  host: string
  port: number
  user: string
  password?: string
  database: string
  ssl?: object
  /** Settings at the start of a session, as node-postgres takes them. */
  options?: string
}

/** Where a tool connects: its sessions are known by their name, so that an abort can end them on the server. */
export type ToolConnection = ConnectionParts & { application_name: string }

export interface ToolContext {
  inspector: Pick<MigrationInspector, 'name' | 'applied' | 'known'>
  doors: ToolDoors
}

/** How long a tool may take to return once its statements are cancelled. */
const returnMs = 3000
/** How often statements are cancelled again after an abort: a tool may begin another one before it gives up. */
const cancelAgainMs = 300

/**
 * Lets a tool work on a database of ours. Once the signal fires its statements are cancelled until it returns. A tool that
 * does not return loses its sessions. Not before: node-postgres reports a lost session as an `error` event of the client,
 * some tools do not listen to it, and an event without listener ends the process of the host.
 *
 * @throws EngineError `MIGRATION_FAILED` with what the tool said, `ABORTED`.
 */
export async function runTool(
  { inspector: { name }, doors }: ToolContext,
  { databaseUrl, signal }: Pick<MigrationRun, 'databaseUrl' | 'signal'>,
  work: (connection: ToolConnection, url: string) => Promise<unknown>,
): Promise<void> {
  throwIfAborted(signal)
  const application_name = `lifeboat: migrate ${randomBytes(6).toString('hex')}`
  let cancelling: NodeJS.Timeout | undefined
  const end = (how: 'cancel' | 'terminate') => doors.endSessions(databaseUrl, application_name, how).catch(() => {})
  const abandoned = Promise.withResolvers<never>()
  let abandoning: NodeJS.Timeout | undefined
  const onAbort = () => {
    void end('cancel')
    cancelling = setInterval(() => void end('cancel'), cancelAgainMs)
    abandoning = setTimeout(() => void end('terminate').then(() => abandoned.reject(signal.reason)), returnMs)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    const url = `${databaseUrl}${databaseUrl.includes('?') ? '&' : '?'}application_name=${encodeURIComponent(application_name)}`
    const parts = await doors.parts(databaseUrl)
    throwIfAborted(signal)
    const working = work({ ...parts, application_name }, url)
    await Promise.race([working, abandoned.promise])
  } catch (cause) {
    throwIfAborted(signal)
    if (isEngineError(cause)) throw cause
    throw new EngineError('MIGRATION_FAILED', `The migrations failed: ${messageOf(cause)}`, {
      cause,
      detail: { inspector: name },
    })
  } finally {
    signal.removeEventListener('abort', onAbort)
    clearInterval(cancelling)
    clearTimeout(abandoning)
  }
  throwIfAborted(signal)
}

/**
 * Runs down steps: first looks whether all of them can be run, then lets the tool `revert` these ids, newest first, and
 * at last reads whether the ledger says exactly what was wanted.
 */
export async function rollBackTool(
  context: ToolContext,
  run: MigrationRun & { to: string | null },
  revert: (ids: string[], connection: ToolConnection, url: string) => Promise<unknown>,
): Promise<void> {
  const { inspector, doors } = context
  const known = await inspector.known()
  const before = await readApplied(context, run)
  const ids = rollbackSteps({ name: inspector.name, applied: before, known }, run.to)
  if (ids.length === 0) return
  for (const id of ids) run.log(`Migration ${id}, back`)
  await runTool({ inspector, doors }, run, (connection, url) => revert(ids, connection, url))
  const after = (await readApplied(context, run)).map(({ id }) => id)
  const wanted = before.slice(0, before.length - ids.length).map(({ id }) => id)
  if (after.join('\n') !== wanted.join('\n')) {
    const text = `The tool left ${after.join(', ') || 'nothing'} applied, not ${wanted.join(', ') || 'nothing'}.`
    throw new EngineError('MIGRATION_FAILED', text, { detail: { inspector: inspector.name } })
  }
}

async function readApplied({ inspector, doors }: ToolContext, { databaseUrl }: MigrationRun) {
  const { query, close } = await doors.openQuery(databaseUrl)
  try {
    return (await inspector.applied(query)) ?? []
  } finally {
    await close()
  }
}

/** A tool's error in words; MikroORM, Umzug and Sequelize keep what PostgreSQL said in the cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const said = error.cause instanceof Error ? error.cause.message : ''
  const text = said === '' || error.message.includes(said) ? error.message : `${error.message}: ${said}`
  return text.slice(0, 2000)
}
