import { confirmBase } from '../backup/find-base.ts'
import { EngineError } from '../errors.ts'
import { type ExportedSnapshot, openExportedSnapshot } from '../postgres/exported-snapshot.ts'
import { joinSnapshot } from '../postgres/joined-snapshot.ts'
import { openSession, type Session } from '../postgres/session.ts'
import { walReached } from '../postgres/snapshot-facts.ts'
import type { RestoreContext, Running } from '../restore/options.ts'
import type { Baseline } from './baseline.ts'
import { type PairedTables, pairTables } from './pair-tables.ts'

/** The live database as one snapshot shows it, its tables locked against being rewritten, beside a backup of it. */
export interface LiveView extends PairedTables {
  baseline: Baseline
  snapshot: ExportedSnapshot
  /** Sessions that see the snapshot; each asks one thing at a time. The first one holds the locks. */
  sessions: Session[]
  /** Why row headers prove nothing, of no table; `null` where they do. */
  history: string | null
  /** Aborted when the snapshot is lost, with the error to report. */
  signal: AbortSignal
  close(): Promise<void>
}

export interface LiveViewOptions extends Running {
  /** How long others may wait for the locks; then it fails with `LOCK_BUDGET`. */
  lockBudgetMs?: number
}

/**
 * Takes a snapshot of the live database and decides table by table how it can be compared with the backup. Writes
 * nothing. Throws `LOCK_BUDGET`, `DATABASE_RIGHTS`, `ROW_SECURITY`, ...
 */
export async function openLiveView(
  context: Pick<RestoreContext, 'database' | 'resources'>,
  baseline: Baseline,
  { lockBudgetMs = 3000, signal, report }: LiveViewOptions = {},
): Promise<LiveView> {
  const { database } = context
  const control = await openSession(database, { application: 'rows', signal })
  const sessions: Session[] = []
  let snapshot: ExportedSnapshot | undefined
  const close = async () => {
    await Promise.all(sessions.map((session) => session.close()))
    await snapshot?.close()
  }
  try {
    const positionReached = await walReached(control.query, baseline.manifest.snapshot.insert_lsn)
    snapshot = await openExportedSnapshot(database, { lockBudgetMs, marker: false, signal, report })
    const { facts, tables } = snapshot
    const found = { base: baseline, positionReached, markers: new Map<string, string>() }
    const confirmed = await confirmBase(snapshot.session.query, found, facts)
    const history = 'reason' in confirmed ? confirmed.reason.replace(/^backup \d+ is no base: /, '') : null
    const paired = pairTables(baseline.manifest, baseline.tables.values(), tables, {
      systemIdentifier: facts.system_identifier,
      databaseOid: facts.database_oid,
      history,
    })
    for (let count = 0; count < context.resources.connections; count++) {
      const session = await openSession(database, { application: 'rows', signal: snapshot.signal, copyReader: true })
      sessions.push(session)
      await joinSnapshot(session, snapshot.id)
    }
    return { ...paired, baseline, snapshot, sessions, history, signal: snapshot.signal, close }
  } catch (error) {
    await close()
    throw error
  } finally {
    await control.close()
  }
}

/** Gives each of some tasks to a session that is free. Stops starting after a failure, and throws the first. */
export async function shareOut<T>(
  sessions: readonly Session[],
  tasks: readonly T[],
  work: (session: Session, task: T) => Promise<void>,
): Promise<void> {
  const waiting = [...tasks]
  let failed = false
  const results = await Promise.allSettled(
    sessions.map(async (session) => {
      for (let task = waiting.shift(); task !== undefined && !failed; task = waiting.shift()) {
        await work(session, task).catch((error: unknown) => {
          failed = true
          throw error
        })
      }
    }),
  )
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

/** The table's name as people write it. */
export function tableName({ schema, name }: { schema: string; name: string }): string {
  return schema === 'public' ? name : `${schema}.${name}`
}

/** A pair by the name that the caller uses: `schema.name` or, for schema public, `name`. */
export function findPair<T extends { live: { schema: string; name: string } }>(pairs: readonly T[], name: string): T {
  const found = pairs.find(({ live }) => tableName(live) === name || `${live.schema}.${live.name}` === name)
  if (!found)
    throw new EngineError('CONFIG_INVALID', `The backup and the database have no table "${name}" in common.`, {
      advice: 'Name it as `table` or `schema.table`; {backups.get} lists the tables of a backup.',
    })
  return found
}
