import { EngineError, isEngineError, throwIfAborted } from '../../errors.ts'
import { log } from '../../events.ts'
import { labelIn } from '../../migrations/compare.ts'
import { describeMigrations } from '../../migrations/describe.ts'
import type { MigrationInspector } from '../../migrations/inspector.ts'
import { type ConnectionParameters, withDatabase } from '../../postgres/connection.ts'
import { readDatabaseProperties } from '../../postgres/database-properties.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import type { Session } from '../../postgres/session.ts'
import { openControlSession } from '../database/control-session.ts'
import { createDatabaseSql } from '../database/create-database.ts'
import { dropCopyDatabase } from '../database/drop-copy.ts'
import { migrateForward, readState } from '../database/run-inspector.ts'
import { copyDatabaseName, newRestoreId } from '../names.ts'
import type { Running } from '../options.ts'
import { lockRestore } from '../restore-lock.ts'
import { formatRestoreComment } from '../undo/database-comment.ts'

/** What became of one inspector on an empty database. */
export interface InspectorProof {
  inspector: string
  ok: boolean
  /** How many migrations the code has. */
  known: number
  /** Those that ran, by the names that people read. */
  migrations: string[]
  /** Without it, what is behind is only found, and restored by hand. */
  can_migrate: boolean
  can_go_back: boolean
  error: { code: string; text: string } | null
}

/**
 * Runs the migrations of each inspector on one empty database, made for it and dropped on whatever path: that its code is
 * found, that its tool works on the database that it is given, and that the live database is left alone. Where the process
 * dies, the database is a leftover like that of a restore.
 *
 * @throws EngineError `DATABASE_RIGHTS` where no database can be made, `MIGRATION_WRONG_DATABASE` as soon as a tool has changed
 * the live one, `ABORTED`.
 */
export async function proveInspectors(
  live: ConnectionParameters,
  inspectors: readonly MigrationInspector[],
  { signal, report }: Running,
): Promise<InspectorProof[]> {
  throwIfAborted(signal)
  // It does not listen to the signal: after an abort it drops the database.
  const control = await openControlSession(live, { target: live.database, make: true })
  if (!control) throw new EngineError('DATABASE_RIGHTS', 'There is no other database to make an empty one from.')
  const restore = newRestoreId()
  const name = copyDatabaseName(restore)
  try {
    await createEmpty(control, { name, restore, live: live.database })
    log(report, 'info', `Made the empty database "${name}".`)
    const target = { parameters: withDatabase(live, name), live, signal, report }
    const proofs: InspectorProof[] = []
    for (const inspector of inspectors) proofs.push(await proveInspector(inspector, target))
    return proofs
  } finally {
    // What was found comes first; the database that stays is a leftover, which doctor names.
    await dropCopyDatabase(control.query, live, name).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error)
      log(report, 'warning', `"${name}" could not be dropped: ${why}`)
    })
    await control.close()
  }
}

async function createEmpty(
  control: Session,
  { name, restore, live }: { name: string; restore: string; live: string },
): Promise<void> {
  const properties = await readDatabaseProperties(control.query, live)
  if (!properties) throw new EngineError('DATABASE_NOT_FOUND', `Database "${live}" does not exist.`)
  await lockRestore(control.query, restore)
  await control.query(createDatabaseSql(name, properties, { tablespace: null, owner: null }))
  const comment = formatRestoreComment({
    ...{ restore, backup: '', state: 'loading', database: live, comment: null, connection_limit: -1 },
    ...{ at: new Date().toISOString(), keep_until: null, safety_backup: null },
  })
  await control.query(`COMMENT ON DATABASE ${quoteIdentifier(name)} IS ${quoteLiteral(comment)}`)
}

async function proveInspector(
  inspector: MigrationInspector,
  target: Parameters<typeof migrateForward>[1],
): Promise<InspectorProof> {
  const proof: InspectorProof = {
    ...{ inspector: inspector.name, ok: false, known: 0, migrations: [], error: null },
    ...{ can_migrate: inspector.migrate !== undefined, can_go_back: inspector.rollback !== undefined },
  }
  try {
    const { comparison } = await readState(inspector, target)
    proof.known = (await inspector.known()).length
    if (proof.known === 0)
      return failed(proof, 'The code names no migrations: check the folder or list that the inspector is given.')
    if (comparison.verdict !== 'behind')
      return failed(proof, `Of an empty database it says: ${describeMigrations(comparison, 'It').text}`)
    const ran = await migrateForward(inspector, target)
    proof.migrations = ran.map((id) => labelIn(comparison, id))
    proof.ok = true
    return proof
  } catch (error) {
    const isFound = isEngineError(error, 'MIGRATION_FAILED') || !isEngineError(error)
    if (!isFound || target.signal?.aborted) throw error
    return failed(proof, error instanceof Error ? error.message : String(error))
  }
}

function failed(proof: InspectorProof, text: string): InspectorProof {
  return { ...proof, error: { code: 'MIGRATION_FAILED', text } }
}
