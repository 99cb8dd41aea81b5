import { counted } from '../counted.ts'
import { EngineError, throwIfAborted } from '../errors.ts'
import { log } from '../events.ts'
import { withDatabase } from '../postgres/connection.ts'
import { sqlState } from '../postgres/database-errors.ts'
import { quoteIdentifier, quoteLiteral } from '../postgres/identifiers.ts'
import { openSession, type Session } from '../postgres/session.ts'
import type { DatabaseProperties } from '../repository/documents.ts'
import { analyzeTables } from './analyze.ts'
import { carryingCatalogs } from './carry-catalogs.ts'
import { createDatabaseSql } from './create-database.ts'
import { formatRestoreComment, parseRestoreComment } from './database-comment.ts'
import { propertyStatements } from './database-properties.ts'
import { fillDatabase } from './fill-database.ts'
import { databaseNames, keepUntil, readDatabase } from './kept-databases.ts'
import { migrateRestored } from './migrate-copy.ts'
import { copyDatabaseName, keptDatabaseName } from './names.ts'
import { withoutNotice } from './options.ts'
import { type RestoreRun, readRestoreContent } from './restore-run.ts'
import { openRestoreSession, type RestoreSession } from './restore-session.ts'
import { type Swap, swapDatabases } from './swap.ts'
import { validateRestored } from './validate-copy.ts'

export interface BesideTarget {
  /** The name the database gets. */
  name: string
  /** Properties of the live database; null where there is none, then the manifest's are taken. */
  live: DatabaseProperties | null
  safetyBackupId: string | null
}

export interface BesideResult {
  rows: number
  tables: number
  migrations: string[]
  keptDatabase: string | null
  undoUntil: string | null
  /** For how long the live name did not answer. */
  swapMilliseconds: number | null
}

/**
 * Restores into a new database beside the live one and, when everything is there and checked, gives it its name. Until
 * that one transaction the live database is not touched; on failure the new one is dropped.
 */
export async function restoreBeside(run: RestoreRun, control: Session, target: BesideTarget): Promise<BesideResult> {
  const copy = copyDatabaseName(run.id)
  try {
    await createCopy(run, control, copy, target)
    const filled = await fillCopy(run, control, copy, target)
    return { ...filled, ...(await takeName(run, control, copy, target)) }
  } catch (error) {
    await dropCopy(run, control, copy)
    throw error
  }
}

async function createCopy(run: RestoreRun, control: Session, copy: string, target: BesideTarget): Promise<void> {
  const { manifest, options, context } = run
  run.progress.phase('create-database')
  const properties = target.live ?? manifest.database_properties
  const tablespaces = await control.query<{ name: string }>(
    'SELECT spcname::text AS name FROM pg_catalog.pg_tablespace',
  )
  const wanted = options.noTablespaces || properties.tablespace === 'pg_default' ? null : properties.tablespace
  const tablespace = tablespaces.some(({ name }) => name === wanted) ? wanted : null
  await control.query(createDatabaseSql(copy, properties, { tablespace }))
  const comment = formatRestoreComment({
    restore: run.id,
    backup: manifest.id,
    state: 'loading',
    database: target.name,
    comment: null,
    connection_limit: -1,
    at: new Date().toISOString(),
    keep_until: null,
    safety_backup: target.safetyBackupId,
  })
  await control.query(`COMMENT ON DATABASE ${quoteIdentifier(copy)} IS ${quoteLiteral(comment)}`)
  log(run.report, 'info', `Restoring into "${copy}" with ${counted(context.resources.connections, 'connection')}.`)
}

async function fillCopy(
  run: RestoreRun,
  control: Session,
  copy: string,
  target: BesideTarget,
): Promise<Pick<BesideResult, 'rows' | 'tables' | 'migrations'>> {
  const { context, manifest, options, progress, signal } = run
  const parameters = withDatabase(context.database, copy)
  const content = await readRestoreContent(run)
  return withSessions(run, copy, async (sessions) => {
    const { rows } = await fillDatabase(run, content, sessions, { inTransaction: false })
    progress.phase('properties')
    const properties = target.live ?? manifest.database_properties
    // The live database's own roles are this server's: only a manifest's are mapped.
    const how = target.live ? { noOwner: false, noPrivileges: false, roleMap: {} } : options
    await setProperties(run, control, propertyStatements(copy, properties, { ...how, exists: run.exists }))
    await validateRestored(run, parameters, 'before')
    const migrations = options.migrate ? await migrateRestored(run, parameters) : []
    await validateRestored(run, parameters, 'after')
    progress.phase('analyze')
    await analyzeTables(sessions, content.tables)
    throwIfAborted(signal)
    return { rows, tables: content.tables.length, migrations }
  })
}

/** What only a superuser may set stays unset, with a warning: it is no reason to be without the data. */
async function setProperties({ report }: RestoreRun, control: Session, statements: string[]): Promise<void> {
  for (const sql of statements) {
    try {
      await control.query(sql)
    } catch (error) {
      if (sqlState(error) !== '42501') throw error
      log(report, 'warning', `The role may not do this for the restored database: ${sql}`, { sql })
    }
  }
}

/**
 * The rename, and with a live database the swap. Once begun it is not interrupted any more: its sessions do not listen
 * to the signal, so that its outcome is always known.
 */
async function takeName(
  run: RestoreRun,
  control: Session,
  copy: string,
  { name, live, safetyBackupId }: BesideTarget,
): Promise<Pick<BesideResult, 'keptDatabase' | 'undoUntil' | 'swapMilliseconds'>> {
  const { manifest, context, report, progress, signal } = run
  progress.phase('swap')
  throwIfAborted(signal)
  const now = new Date()
  const undoUntil = keepUntil(now, context.keepReplacedDays ?? 7)
  const present = live && (await readDatabase(control.query, name))
  if (live && !present) throw new EngineError('PLAN_CHANGED', `Database "${name}" vanished during the restore.`)
  const keptName = keptDatabaseName(name, now, await databaseNames(control.query))
  const renamer = await openSession(control.parameters, { application: 'restore swap' })
  const terminator = await openSession(control.parameters, { application: 'restore swap' }).catch(async (error) => {
    await renamer.close()
    throw error
  })
  try {
    const swap: Swap = {
      control: renamer.query,
      terminator: terminator.query,
      ownBackends: [renamer.backendPid, terminator.backendPid],
      name,
      replaced: present
        ? {
            keptName,
            comment: formatRestoreComment({
              restore: run.id,
              backup: manifest.id,
              state: 'kept',
              database: name,
              comment: present.comment,
              connection_limit: present.connectionLimit,
              at: now.toISOString(),
              keep_until: undoUntil,
              safety_backup: safetyBackupId,
            }),
          }
        : null,
      incoming: {
        name: copy,
        comment: present ? present.comment : harmless(manifest.database_properties.comment),
        connectionLimit: present ? present.connectionLimit : manifest.database_properties.connection_limit,
      },
    }
    // Nobody has to step aside for a database that is not there yet.
    const around = present ? (context.aroundSwap ?? withoutNotice) : withoutNotice
    const notice = { database: name, restoreId: run.id, report }
    const carry = {
      parameters: context.database,
      live: present ? name : null,
      incoming: copy,
      renamer: renamer.query,
      terminator: terminator.query,
      report,
    }
    const { milliseconds } = await around(notice, () => carryingCatalogs(carry, () => swapDatabases(swap)))
    log(
      report,
      'info',
      present ? `Swapped in ${milliseconds} ms; the old database is "${keptName}".` : `Named "${name}".`,
    )
    return {
      keptDatabase: present ? keptName : null,
      undoUntil: present ? undoUntil : null,
      swapMilliseconds: present ? milliseconds : null,
    }
  } finally {
    await Promise.all([renamer.close(), terminator.close()])
  }
}

/** A comment out of a backup must not pass for one that a restore of ours wrote. */
function harmless(comment: string | null): string | null {
  return parseRestoreComment(comment) ? null : comment
}

async function withSessions<T>(
  { context, signal }: RestoreRun,
  database: string,
  work: (sessions: RestoreSession[]) => Promise<T>,
): Promise<T> {
  const setup = {
    parameters: withDatabase(context.database, database),
    keys: context.repository.keys,
    application: 'restore',
  }
  const opened = await Promise.allSettled(
    Array.from({ length: Math.max(1, context.resources.connections) }, () => openRestoreSession(setup, { signal })),
  )
  const sessions = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  try {
    const failed = opened.find((one) => one.status === 'rejected')
    if (failed) throw failed.reason
    return await work(sessions)
  } finally {
    await Promise.all(sessions.map((session) => session.close()))
  }
}

/** Best effort: what stays is found as a leftover by the next restore, because our lock is gone then. */
async function dropCopy({ report, context }: RestoreRun, control: Session, copy: string): Promise<void> {
  const sql = `DROP DATABASE IF EXISTS ${quoteIdentifier(copy)} WITH (FORCE)`
  try {
    await control.query(sql)
  } catch {
    // The control session ends with an abort; the copy is dropped from a fresh one.
    try {
      const fresh = await openSession(withDatabase(context.database, control.parameters.database), {
        application: 'restore clean-up',
      })
      await fresh.query(sql).finally(() => fresh.close())
    } catch (error) {
      log(
        report,
        'warning',
        `"${copy}" could not be dropped: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }
}
