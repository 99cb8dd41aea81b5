import { EngineError } from '../errors.ts'
import { qualifiedName } from '../postgres/identifiers.ts'
import { countLargeObjects, takeCensus } from './census.ts'
import { divideSteps, rowsAndPostDataJobs, runDefinition } from './definition-jobs.ts'
import type { DefinitionStep } from './definitions/definition-steps.ts'
import { type Job, runJobs } from './job-schedule.ts'
import {
  createLargeObjects,
  describeLargeObjects,
  type LargeObjectOptions,
  loadLargeObjectPages,
} from './large-objects.ts'
import { refreshStatements } from './materialized-views.ts'
import type { RestoreContent, RestoreRun } from './restore-run.ts'
import type { RestoreSession } from './restore-session.ts'
import { loadRows } from './rows.ts'
import { setSequences } from './sequences.ts'

export interface FillOptions {
  /** Everything in one transaction on the one session there is, which the caller has begun and will end. */
  inTransaction: boolean
  /** Steps that are not to be run, e.g. comments on extensions that stayed. */
  skip?: (step: DefinitionStep) => boolean
}

/**
 * Builds in an empty database what the backup holds: definitions one after another, rows and post-data side by side
 * over the sessions, then large objects, grants, materialized views, and the census.
 */
export async function fillDatabase(
  run: RestoreRun,
  content: RestoreContent,
  sessions: readonly RestoreSession[],
  { inTransaction, skip = () => false }: FillOptions,
): Promise<{ rows: number }> {
  const { manifest, reader, progress } = run
  const [first] = sessions
  if (!first) throw new EngineError('INTERNAL', 'There is no session to restore with.')
  await Promise.all(sessions.map((session) => session.run(content.settings.map((sql) => ({ sql })))))
  const divided = divideSteps(content.steps.filter((step) => !skip(step)))

  progress.phase('definitions', { items: divided.preData.length })
  for (const step of divided.preData) {
    await runDefinition(first, step)
    progress.add({ items: 1 })
  }
  progress.end()

  let rows = 0
  const ofExtensions = await extensionTables(first)
  const loaded = content.tables.filter((table) => table.rows > 0 && !table.rows_excluded)
  const bytes = loaded.reduce((sum, table) => sum + table.bytes, 0)
  progress.phase('rows', { bytes, items: loaded.length + divided.postData.length })
  const jobs = rowsAndPostDataJobs(divided, loaded, sessions.length, async (session, part) => {
    const added = await loadRows(session, reader, part, {
      encoding: manifest.database_properties.encoding,
      mode: inTransaction || ofExtensions.has(qualifiedName(part.table)) ? 'append' : 'freeze',
      onBytes: (count) => progress.add({ bytes: count }),
    })
    rows += added
    progress.add({ rows: added })
  })
  await runJobs([...jobs, ...largeObjectJobs(run, inTransaction)], sessions, () => progress.add({ items: 1 }))
  await setSequences(first.query, content.sequences)
  progress.end()

  // Grants come after everything that needs none, and refreshes after the grants: they run as the views' owners.
  progress.phase('refresh')
  for (const step of divided.acl) await runDefinition(first, step)
  for (const sql of await refreshStatements(first.query, manifest.populated_views ?? null)) await first.run([{ sql }])
  for (const step of divided.final) await runDefinition(first, step)

  progress.phase('census')
  await census(run, content, sessions)
  return { rows }
}

/** Tables that are members of extensions: their extension may have put rows there, so they are only added to. */
async function extensionTables(session: RestoreSession): Promise<Set<string>> {
  const rows = await session.query<{ schema: string; name: string }>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
     WHERE d.deptype = 'e' AND c.relkind IN ('r', 'p')`,
  )
  return new Set(rows.map(qualifiedName))
}

function largeObjectJobs(run: RestoreRun, inTransaction: boolean): Job<RestoreSession>[] {
  const { manifest, reader, options, exists, progress } = run
  if (manifest.large_object_count === 0) return []
  const how: LargeObjectOptions = {
    noOwner: options.noOwner,
    noPrivileges: options.noPrivileges,
    roleMap: options.roleMap,
    exists,
    pageBytes: manifest.snapshot.block_size / 4,
    inTransaction,
  }
  const unlocked = { exclusiveLocks: [], sharedLocks: [] }
  return [
    {
      ...unlocked,
      id: 'large objects',
      dependsOn: [],
      weight: manifest.large_object_count,
      run: async (session) => {
        await createLargeObjects(session, reader, manifest)
        await loadLargeObjectPages(session, reader, manifest, how, (bytes) => progress.add({ bytes }))
        await describeLargeObjects(session, reader, manifest, how)
      },
    },
  ]
}

async function census(run: RestoreRun, content: RestoreContent, sessions: readonly RestoreSession[]): Promise<void> {
  await takeCensus(
    sessions.map(({ query }) => query),
    content.tables,
  )
  const objects = await countLargeObjects((sessions[0] as RestoreSession).query)
  if (objects === run.manifest.large_object_count) return
  throw new EngineError(
    'CENSUS_MISMATCH',
    `The restored database has ${objects} large objects, the backup ${run.manifest.large_object_count}.`,
  )
}
