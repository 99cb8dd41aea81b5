import { migrationStateOf, newestInState } from '../../backup/same-state.ts'
import { schemaOfBackup, schemaOfDatabase } from '../../backup/schema-sides.ts'
import { EngineError } from '../../errors.ts'
import { log } from '../../events.ts'
import type { ConnectionParameters } from '../../postgres/connection.ts'
import type { Manifest } from '../../repository/documents/documents.ts'
import { diffSchemas, isOfOwner, realChanges, type SchemaDiff } from '../../schema/diff/diff-schemas.ts'
import { formatSchemaDiff } from '../../schema/diff/format-diff.ts'
import type { RestoreRun } from '../restore-run.ts'

/** The name of the override that keeps a copy whose schema is not the one of its migrations. */
export const otherSchemaOverride = 'other-schema'

/**
 * Compares what down steps made of the copy with the schema of the newest backup in the state that they lead back to: that
 * the table of migrations says so does not prove it.
 *
 * @throws EngineError `MIGRATION_FAILED` where they differ, unless the override `other-schema` was given.
 */
export async function checkSteppedBack(run: RestoreRun, parameters: ConnectionParameters): Promise<void> {
  const { context, options, signal, report } = run
  const said = (level: 'info' | 'warning', text: string) => log(report, level, text)
  const changed = changedOnPurpose(run)
  if (changed) return said('warning', `The schema after the down steps was not compared: ${changed}.`)
  const other = await newestSteppedBack(run)
  if (!other) return said('info', 'No other backup is of this state of the migrations: the schema was not compared.')
  const { clientTools } = context
  const [wanted, now] = await Promise.all([
    schemaOfBackup(context.repository, other, signal),
    schemaOfDatabase(parameters, { clientTools, exclude: other.exclusions, signal }),
  ])
  const { refused, text } = judge(diffSchemas(wanted, now))
  const between = `the schema of backup ${other.number}, which is in this state of the migrations`
  if (text === '') return said('info', `The schema after the down steps is ${between}.`)
  const differs = `The schema after the down steps is not ${between}:\n${text}`
  if (!refused || options.overrides.includes(otherSchemaOverride)) return said('warning', differs)
  throw new EngineError('MIGRATION_FAILED', differs, {
    advice: `The live database is as it was. Restore backup ${other.number}, or, where the difference is meant, use the override "${otherSchemaOverride}".`,
    detail: { backup: other.id, override: otherSchemaOverride },
  })
}

/** Why the copy differs from any backup without a down step. */
function changedOnPurpose({ options }: RestoreRun): string | null {
  const { noOwner, noPrivileges, noTablespaces, roleMap, leaveOut = [] } = options
  if (leaveOut.length > 0) return 'parts are left out'
  if (noOwner || noPrivileges || noTablespaces || Object.keys(roleMap).length > 0)
    return 'owners, grants or tablespaces are not those of the backup'
  return null
}

/** A backup in the state that is left when the down steps have run. */
function newestSteppedBack({ context, manifest, carried, signal }: RestoreRun): Promise<Manifest | null> {
  const state = migrationStateOf(manifest, (inspector, id) =>
    carried.some((step) => step.inspector === inspector && step.id === id),
  )
  return newestInState(context.repository, manifest, { state, signal })
}

/** Owners are no refusal: what a step makes belongs to the restoring role. */
function judge(diff: SchemaDiff): { refused: boolean; text: string } {
  const real = realChanges(diff)
  return {
    refused: real.some((change) => !isOfOwner(change)),
    text: real.length === 0 ? '' : formatSchemaDiff({ ...diff, changes: real }).trimEnd(),
  }
}
