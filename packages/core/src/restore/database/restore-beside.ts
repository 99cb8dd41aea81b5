import { EngineError, throwIfAborted } from '../../errors.ts'
import { log } from '../../events.ts'
import { type ConnectionParameters, withDatabase } from '../../postgres/connection.ts'
import { sqlState } from '../../postgres/database-errors.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import { mayBecome } from '../../postgres/role-rights.ts'
import { openSession, type Session } from '../../postgres/session.ts'
import type { DatabaseProperties } from '../../repository/documents/documents.ts'
import type { WaitingMedia } from '../media/restore-media.ts'
import { copyDatabaseName, keptDatabaseName } from '../names.ts'
import { withoutNotice } from '../options.ts'
import type { RanOnCopy } from '../restore-result.ts'
import { type RestoreContent, type RestoreRun, readRestoreContent } from '../restore-run.ts'
import { type CarriedRows, createCarryOver } from '../target/carry-over.ts'
import { parseTargetMark } from '../target/target-mark.ts'
import { discardReplaced, replacementOf } from '../target/target-swap.ts'
import { formatRestoreComment, parseRestoreComment } from '../undo/database-comment.ts'
import { databaseNames, keepUntil, readDatabase } from '../undo/kept-databases.ts'
import { serverTime } from '../undo/server-time.ts'
import { analyzeTables } from './analyze.ts'
import { carryingCatalogs } from './carry-catalogs.ts'
import { createDatabaseSql } from './create-database.ts'
import { propertyStatements } from './database-properties.ts'
import { dropCopyDatabase } from './drop-copy.ts'
import { fillDatabase } from './fill-database.ts'
import { finishRestored, nothingRan } from './finish-restored.ts'
import { type MaskReport, proveMasked } from './prove-masked.ts'
import type { RestoreSession } from './restore-session.ts'
import { selectSubset } from './select-subset.ts'
import { dropStepRole } from './step-role.ts'
import { type Swap, swapDatabases } from './swap.ts'
import { withSessions } from './with-sessions.ts'

export interface BesideTarget {
  /** The name the database gets. */
  name: string
  /** Properties of the live database; null where there is none, then the manifest's are taken. */
  live: DatabaseProperties | null
  safetyBackupId: string | null
  /** Media that wait for it to go live. */
  media: Pick<WaitingMedia, 'folders' | 'prove'>
}

export interface BesideResult extends RanOnCopy {
  rows: number
  tables: number
  keptDatabase: string | null
  undoUntil: string | null
  /** For how long the live name did not answer. */
  swapMilliseconds: number | null
  masking?: MaskReport
  /** Of a refresh: rows that the target keeps. */
  carriedOver?: CarriedRows[]
}

/**
 * Restores into a new database beside the live one and, when everything is there and checked, gives it its name. Until
 * that one transaction the live database is not touched; on failure the new one is dropped.
 */
export async function restoreBeside(run: RestoreRun, control: Session, target: BesideTarget): Promise<BesideResult> {
  const copy = copyDatabaseName(run.id)
  const carrying = createCarryOver(run, target.name)
  try {
    await createCopy(run, control, copy, target)
    const ran = nothingRan()
    let masking: MaskReport | null = null
    let carriedOver: CarriedRows[] = []
    const filled = await fillCopy(run, control, { copy, live: target.live }, async (filling) => {
      const migrated = async () => {
        carriedOver = await carrying.into(filling.parameters)
      }
      await finishRestored(run, filling.parameters, ran, { migrated })
      await gatherStatistics(run, filling)
      masking = await proveMasked(run, filling)
    })
    carrying.requireHeld()
    const named = await takeName(run, control, copy, { ...target, endLast: carrying.holders() })
    const isGone = await discardReplaced(run, control.query, named.keptDatabase)
    const kept = isGone ? { keptDatabase: null, undoUntil: null } : {}
    const found = { ...(masking ? { masking } : {}), ...(run.context.target ? { carriedOver } : {}) }
    return { ...filled, ...ran, ...named, ...kept, ...found }
  } catch (error) {
    await dropCopy(run, control, copy)
    throw error
  } finally {
    await carrying.release()
  }
}

/** A copy with its rows in place. */
export interface FilledCopy {
  parameters: ConnectionParameters
  sessions: readonly RestoreSession[]
  content: RestoreContent
}

/**
 * Restores into a new database that never goes live: `work` has it to itself, and then it is dropped, on whatever path. Where
 * the process dies, the copy is a leftover of `live` like that of any other restore.
 */
export async function restoreForTrial(
  run: RestoreRun,
  control: Session,
  live: string,
  work: (copy: FilledCopy) => Promise<void>,
): Promise<void> {
  const copy = copyDatabaseName(run.id)
  const media = { folders: [], prove: async () => {} }
  try {
    await createCopy(run, control, copy, { name: live, live: null, safetyBackupId: null, media })
    await fillCopy(run, control, { copy, live: null }, work)
  } finally {
    await dropCopy(run, control, copy)
  }
}

export async function gatherStatistics(run: RestoreRun, { sessions, content }: FilledCopy): Promise<void> {
  run.progress.phase('analyze')
  await analyzeTables(sessions, content.tables, run)
  throwIfAborted(run.signal)
}

async function createCopy(run: RestoreRun, control: Session, copy: string, target: BesideTarget): Promise<void> {
  const { manifest, options } = run
  run.progress.phase('create-database')
  const properties = target.live ?? manifest.database_properties
  const tablespaces = await control.query<{ name: string }>(
    'SELECT spcname::text AS name FROM pg_catalog.pg_tablespace',
  )
  const wanted = options.noTablespaces || properties.tablespace === 'pg_default' ? null : properties.tablespace
  const tablespace = tablespaces.some(({ name }) => name === wanted) ? wanted : null
  const owner = await ownerFromTheStart(run, control, target)
  await control.query(createDatabaseSql(copy, properties, { tablespace, owner }))
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
  await target.media.prove({ oid: await databaseId(control.query, copy) })
  log(run.report, 'info', `Restoring into "${copy}".`)
}

/**
 * The role the copy is to belong to at last, where ours has its rights and may give things to it. The objects in it are
 * handed to that role one by one, and it may have them in the schema public only as the owner of the database.
 */
async function ownerFromTheStart(run: RestoreRun, control: Session, target: BesideTarget): Promise<string | null> {
  const { options, manifest } = run
  const recorded = manifest.database_properties.owner
  const mapped = Object.hasOwn(options.roleMap, recorded) ? options.roleMap[recorded] : recorded
  const owner = target.live?.owner ?? (options.noOwner ? undefined : mapped)
  if (owner === undefined) return null
  const [row] = await control.query<{ name: string }>(
    `SELECT rolname::text AS name FROM pg_catalog.pg_roles
     WHERE rolname = $1 AND pg_catalog.pg_has_role(oid, 'USAGE') AND ${mayBecome(control.serverMajor)}`,
    [owner],
  )
  return row?.name ?? null
}

/** It stays the same when the database is renamed. */
async function databaseId(query: Query, name: string): Promise<string> {
  const [row] = await query<{ id: string }>('SELECT oid::text AS id FROM pg_catalog.pg_database WHERE datname = $1', [
    name,
  ])
  if (!row) throw new EngineError('RESTORE_FAILED', `Database "${name}" is not there any more.`)
  return row.id
}

async function fillCopy(
  run: RestoreRun,
  control: Session,
  { copy, live }: Pick<BesideTarget, 'live'> & { copy: string },
  work: (copy: FilledCopy) => Promise<void>,
): Promise<Pick<BesideResult, 'rows' | 'tables'>> {
  const { context, manifest, options, progress } = run
  const parameters = withDatabase(context.database, copy)
  const whole = await readRestoreContent(run)
  return withSessions(run, { database: copy, content: whole }, async (sessions) => {
    const content = await selectSubset(run, whole, sessions)
    const { rows } = await fillDatabase(run, content, sessions, { inTransaction: false })
    progress.phase('properties')
    const properties = live ?? manifest.database_properties
    // The live database's own roles are this server's: only a manifest's are mapped.
    const how = live ? { noOwner: false, noPrivileges: false, roleMap: {} } : options
    await setProperties(run, control, propertyStatements(copy, properties, { ...how, exists: run.exists }))
    await work({ parameters, sessions, content })
    return { rows, tables: content.tables.length }
  })
}

/** What only a superuser may set stays unset, with a warning: it is no reason to be without the data. */
async function setProperties({ report }: RestoreRun, control: Session, statements: string[]): Promise<void> {
  for (const sql of statements) {
    try {
      await control.query(sql)
    } catch (error) {
      if (sqlState(error) !== '42501') throw error
      log(report, 'warning', `The role cannot do this for the restored database: ${sql}`, { sql })
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
  { name, live, safetyBackupId, media, endLast }: BesideTarget & { endLast: number[] },
): Promise<Pick<BesideResult, 'keptDatabase' | 'undoUntil' | 'swapMilliseconds'>> {
  const { manifest, context, report, progress, signal } = run
  progress.phase('swap')
  throwIfAborted(signal)
  const now = await serverTime(control.query)
  const undoUntil = undoUntilOf(run, now)
  const present = live && (await readDatabase(control.query, name))
  if (live && !present) throw new EngineError('PLAN_CHANGED', `Database "${name}" vanished during the restore.`)
  const { comment, check } = present
    ? await replacementOf(run, control.query, { name, copy, comment: present.comment, at: now })
    : { comment: harmless(manifest.database_properties.comment) }
  const keptName = keptDatabaseName(name, now, await databaseNames(control.query))
  const renamer = await openSession(control.parameters, { application: 'restore swap' })
  // Its own, because the control session listens to the signal; where few are allowed, that has to do.
  const isFrugal = context.resources.connections === 1
  const opening = isFrugal ? control : openSession(control.parameters, { application: 'restore swap' })
  const terminator = await Promise.resolve(opening).catch(async (error) => {
    await renamer.close()
    throw error
  })
  try {
    const swap: Swap = {
      control: renamer.query,
      terminator: terminator.query,
      ownBackends: [renamer.backendPid, terminator.backendPid],
      name,
      ...{ check, endLast },
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
              media: media.folders,
            }),
          }
        : null,
      incoming: {
        name: copy,
        comment,
        connectionLimit: present ? present.connectionLimit : manifest.database_properties.connection_limit,
      },
    }
    const around = aroundOf(run, present !== null)
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
    await Promise.all([renamer.close(), ...(terminator === control ? [] : [terminator.close()])])
  }
}

/** What is dropped at once is kept until now: where that fails, its time is over. */
function undoUntilOf({ context }: RestoreRun, now: Date): string | null {
  return context.target?.discardReplaced ? now.toISOString() : keepUntil(now, context.keepReplacedDays ?? 7)
}

/** No application has to wait for a database that does not exist yet. */
function aroundOf({ context }: RestoreRun, replaces: boolean) {
  return replaces ? (context.aroundSwap ?? withoutNotice) : withoutNotice
}

/** A comment out of a backup must not pass for one that a restore of ours wrote. */
function harmless(comment: string | null): string | null {
  return parseRestoreComment(comment) || parseTargetMark(comment) ? null : comment
}

/** Best effort: what stays is found as a leftover by the next restore, because our lock is gone then. */
async function dropCopy({ id, report, context, carried }: RestoreRun, control: Session, copy: string): Promise<void> {
  const drop = async (query: Query) => {
    await dropCopyDatabase(query, context.database, copy)
    // One that could not be dropped where it ran owns nothing any more.
    if (carried.length > 0) await dropStepRole(query, id)
  }
  try {
    await drop(control.query)
  } catch {
    // The control session ends with an abort; the copy is dropped from a fresh one.
    try {
      const fresh = await openSession(withDatabase(context.database, control.parameters.database), {
        application: 'restore clean-up',
      })
      await drop(fresh.query).finally(() => fresh.close())
    } catch (error) {
      log(
        report,
        'warning',
        `"${copy}" could not be dropped: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }
}
