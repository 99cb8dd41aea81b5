import { EngineError, isEngineError } from '../../errors.ts'
import { log } from '../../events.ts'
import { withDatabase } from '../../postgres/connection.ts'
import { openSession } from '../../postgres/session.ts'
import type { WaitingMedia } from '../media/restore-media.ts'
import { type RanOnCopy, type RestoredMedia, type RestoreProblem, restoreProblem } from '../restore-result.ts'
import { type RestoreContent, type RestoreRun, readRestoreContent } from '../restore-run.ts'
import { analyzeTables } from './analyze.ts'
import { clearDatabase } from './clear-database.ts'
import { fillDatabase } from './fill-database.ts'
import { finishRestored, nothingRan } from './finish-restored.ts'
import { divideByRights, putBackDependents, readDependents } from './others-objects.ts'
import { openRestoreSession, type RestoreSession } from './restore-session.ts'
import { checkLargeObjects, checkRows } from './rows.ts'

const attempts = 5

export interface InPlaceResult extends RanOnCopy {
  rows: number
  tables: number
  media: RestoredMedia[]
  /** What failed after the commit. */
  problems: RestoreProblem[]
}

/**
 * Replaces the contents of a database in ONE transaction on one connection, for roles that cannot create databases.
 * Everything is read and checked before it begins; until the commit no other session sees anything of it, and a failure
 * leaves the database as it was. Migrations run after the commit.
 */
export async function restoreInPlace(
  run: RestoreRun,
  database: string,
  waiting: Pick<WaitingMedia, 'prove' | 'place'>,
): Promise<InPlaceResult> {
  const { context, signal } = run
  const parameters = withDatabase(context.database, database)
  const content = await readRestoreContent(run)
  const setup = { parameters, keys: context.repository.keys, application: 'restore in-place' }
  const session = await openRestoreSession(setup, { signal })
  try {
    await readEverything(run, session, content)
    const { rows } = await replaceContents(run, session, content, waiting)
    const { media, problems } = await waiting.place()
    const { problems: later, ...ran } = await finish(run, session, content)
    return { rows, tables: content.tables.length, ...ran, media, problems: [...problems, ...later] }
  } finally {
    await session.close()
  }
}

/** Nothing that could be found missing or damaged is left to be found once the site is locked. */
async function readEverything(run: RestoreRun, session: RestoreSession, content: RestoreContent): Promise<void> {
  const bytes = content.tables.reduce((sum, table) => sum + table.bytes, 0)
  run.progress.phase('read-all', { bytes })
  for (const table of content.tables) {
    await checkRows(session, run.reader, table)
    run.progress.add({ bytes: table.bytes })
  }
  await checkLargeObjects(session, run.reader, run.manifest)
  run.progress.end()
}

async function replaceContents(
  run: RestoreRun,
  session: RestoreSession,
  content: RestoreContent,
  media: Pick<WaitingMedia, 'prove'>,
): Promise<{ rows: number }> {
  for (let attempt = 1; ; attempt++) {
    try {
      run.progress.phase('clear')
      // Commits durably: the worker's sessions do not wait for the disk otherwise.
      await session.run([
        { sql: 'BEGIN' },
        { sql: 'SET LOCAL synchronous_commit = on' },
        { sql: "SET LOCAL lock_timeout = '30s'" },
      ])
      const { ours, others } = await divideByRights(session, content, run.options)
      const before = await readDependents(session.query)
      const { keptExtensions } = await clearDatabase(session)
      const kept = new Set(keptExtensions)
      const filled = await fillDatabase(run, ours, [session], {
        inTransaction: true,
        skip: ({ kind, tag }) =>
          kind === 'COMMENT' && tag.startsWith('EXTENSION ') && kept.has(unquoted(tag.slice(10))),
      })
      await putBackDependents(session, { others, before, report: run.report })
      run.progress.phase('commit')
      await commit(session, media)
      return filled
    } catch (error) {
      await session.query('ROLLBACK').catch(() => {})
      const state = isEngineError(error) ? error.detail.sqlstate : undefined
      if (state === '55P03') throw busy(error)
      if (state !== '40P01' || attempt === attempts) throw error
      log(run.report, 'warning', 'The application and the restore locked each other out; trying again.')
    }
  }
}

/** A connection lost while it commits says nothing about the outcome; the server does. */
async function commit(session: RestoreSession, media: Pick<WaitingMedia, 'prove'>): Promise<void> {
  const [transaction] = await session.query<{ id: string }>('SELECT pg_catalog.pg_current_xact_id()::text AS id')
  if (transaction) await media.prove({ transaction: transaction.id })
  try {
    await session.query('COMMIT')
  } catch (error) {
    const other = await openSession(session.parameters, { application: 'restore outcome' }).catch(() => null)
    if (!other) throw error
    try {
      for (let waited = 0; waited < 100; waited++) {
        const sql = 'SELECT pg_catalog.pg_xact_status($1::pg_catalog.xid8) AS status'
        const [row] = await other.query<{ status: string | null }>(sql, [transaction?.id])
        if (row?.status === 'committed') return
        if (row?.status !== 'in progress') break
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    } finally {
      await other.close()
    }
    throw error
  }
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name
}

function busy(error: unknown): EngineError {
  return new EngineError('DATABASE_BUSY', 'Sessions of the application hold locks; nothing was replaced.', {
    cause: error,
    advice: 'Stop the application, or end its idle transactions, and try again.',
  })
}

/**
 * What comes after the commit. The restored data is live by then and the safety backup is the way back, so a failure is
 * told and not thrown; what would come after it is left out.
 */
async function finish(
  run: RestoreRun,
  session: RestoreSession,
  { tables }: RestoreContent,
): Promise<Pick<InPlaceResult, 'problems' | keyof RanOnCopy>> {
  const { parameters } = session
  const ran = nothingRan()
  try {
    await finishRestored(run, parameters, ran)
    run.progress.phase('analyze')
    await analyzeTables([session], tables, run)
    return { ...ran, problems: [] }
  } catch (error) {
    const advice =
      'The database holds the restored data already. Remove the cause and run the migrations, or restore the safety backup.'
    const problem = { ...restoreProblem(error), advice }
    log(run.report, 'warning', `${problem.text} ${advice}`)
    return { ...ran, problems: [problem] }
  }
}
