import { EngineError, isEngineError } from '../errors.ts'
import { log } from '../events.ts'
import { withDatabase } from '../postgres/connection.ts'
import { openSession } from '../postgres/session.ts'
import { analyzeTables } from './analyze.ts'
import { clearDatabase } from './clear-database.ts'
import { fillDatabase } from './fill-database.ts'
import { migrateRestored } from './migrate-copy.ts'
import { type RestoreContent, type RestoreRun, readRestoreContent } from './restore-run.ts'
import { openRestoreSession, type RestoreSession } from './restore-session.ts'
import { checkLargeObjects, checkRows } from './rows.ts'
import { validateRestored } from './validate-copy.ts'

const attempts = 5

/**
 * Replaces the contents of a database in ONE transaction on one connection, for roles that may not create databases.
 * Everything is read and checked before it begins; until the commit nobody sees anything of it, and a failure leaves
 * the database as it was. Migrations run after the commit.
 */
export async function restoreInPlace(
  run: RestoreRun,
  database: string,
  afterCommit: () => Promise<void>,
): Promise<{ rows: number; tables: number; migrations: string[] }> {
  const { context, options, progress, signal } = run
  const parameters = withDatabase(context.database, database)
  const content = await readRestoreContent(run)
  const setup = { parameters, keys: context.repository.keys, application: 'restore in-place' }
  const session = await openRestoreSession(setup, { signal })
  try {
    await readEverything(run, session, content)
    const { rows } = await replaceContents(run, session, content)
    await afterCommit()
    await afterwards(() => validateRestored(run, parameters, 'before'))
    const migrations = options.migrate ? await afterwards(() => migrateRestored(run, parameters)) : []
    await afterwards(() => validateRestored(run, parameters, 'after'))
    progress.phase('analyze')
    await analyzeTables([session], content.tables)
    return { rows, tables: content.tables.length, migrations }
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
      const { keptExtensions } = await clearDatabase(session)
      const kept = new Set(keptExtensions)
      const filled = await fillDatabase(run, content, [session], {
        inTransaction: true,
        skip: ({ kind, tag }) =>
          kind === 'COMMENT' && tag.startsWith('EXTENSION ') && kept.has(unquoted(tag.slice(10))),
      })
      run.progress.phase('commit')
      await commit(session)
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
async function commit(session: RestoreSession): Promise<void> {
  const [transaction] = await session.query<{ id: string }>('SELECT pg_catalog.pg_current_xact_id()::text AS id')
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

/** After the commit the truth is different: the database is replaced, and the safety backup is the way back. */
async function afterwards<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isEngineError(error)) throw error
    throw new EngineError(error.code, error.message, {
      cause: error,
      detail: { ...error.detail, committed: true },
      advice: 'The database holds the restored data already. Mend the cause and migrate, or restore the safety backup.',
    })
  }
}
