import { EngineError } from '../../errors.ts'
import { log } from '../../events.ts'
import { qualifiedName } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import type { RestoreContent, RestoreRun } from '../restore-run.ts'
import { asOwner, divideGrants, ownersToActAs } from './as-owner.ts'
import { countLargeObjects, countRows } from './check-row-counts.ts'
import { divideSteps, rowsAndPostDataJobs } from './definition-jobs.ts'
import type { DefinitionStep } from './definitions/definition-steps.ts'
import { type Job, runJobs } from './job-schedule.ts'
import {
  createLargeObjects,
  describeLargeObjects,
  type LargeObjectOptions,
  loadLargeObjectPages,
} from './large-objects.ts'
import { createTablesLoader } from './load-tables.ts'
import { planRefreshes } from './materialized-views.ts'
import { type OwnSearchPath, withOwnSearchPath } from './own-search-path.ts'
import { relaxChecks } from './relax-checks.ts'
import { refreshFailed } from './restore-failure.ts'
import type { RestoreSession } from './restore-session.ts'
import { runDefinitions } from './run-definitions.ts'
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
  const { progress, report } = run
  const functions = content.steps.flatMap(({ kind, schema, tag }) =>
    kind === 'FUNCTION' || kind === 'PROCEDURE' ? [`${schema}.${tag}`] : [],
  )
  const own: OwnSearchPath = { searchPaths: run.searchPaths, functions, inTransaction, report }
  const [first] = sessions
  if (!first) throw new EngineError('INTERNAL', 'There is no session to restore with.')
  await Promise.all(sessions.map((session) => session.run(content.settings.map((sql) => ({ sql })))))
  const divided = divideSteps(content.steps.filter((step) => !skip(step)))

  progress.phase('definitions', { items: divided.preData.length })
  await runDefinitions(first, divided.preData, own, (items) => progress.add({ items }))
  const checks = await relaxChecks(first, content.relaxedChecks)
  progress.end()

  const ofExtensions = await extensionTables(first)
  const owners = await ownersToActAs(first)
  const acl = divideGrants(divided.acl, owners.size > 0)
  await runDefinitions(first, acl.early, own)
  const loaded = content.tables.filter((table) => table.rows > 0 && !table.rows_excluded)
  const bytes = loaded.reduce((sum, table) => sum + table.bytes, 0)
  progress.phase('rows', { bytes, items: loaded.length + divided.postData.length })
  const loader = createTablesLoader(run, own, { ofExtensions, owners, masking: content.masking })
  const jobs = rowsAndPostDataJobs(
    { ...divided, postData: divided.postData.map((step) => asOwner(step, owners)) },
    loaded,
    { sessions: sessions.length, load: loader.load, own },
  )
  await runJobs([...jobs, ...largeObjectJobs(run, inTransaction)], sessions, ({ items = 1 }) => progress.add({ items }))
  for (const sql of checks) await first.run([{ sql }])
  await setSequences(first.query, content.sequences)
  progress.end()

  // Grants come after everything that needs none, and refreshes after the grants: they run as the views' owners.
  progress.phase('refresh')
  await runDefinitions(first, acl.late, own)
  await refreshViews(run, first, own)
  await runDefinitions(first, divided.final, own)

  progress.phase('count-rows')
  await census(run, content, sessions, own)
  return { rows: loader.rows }
}

async function refreshViews({ manifest, options, report }: RestoreRun, session: RestoreSession, own: OwnSearchPath) {
  const { refreshed, leftEmpty } = await planRefreshes(
    session.query,
    manifest.populated_views ?? null,
    options.unpopulated,
  )
  for (const view of refreshed)
    await withOwnSearchPath(session, own, `REFRESH ${view.schema}.${view.name}`, () =>
      session.run([{ sql: view.sql }]),
    ).catch((error: unknown) => {
      throw refreshFailed(view, error, own.functions)
    })
  if (leftEmpty.length > 0)
    log(report, 'warning', `Left without rows: ${leftEmpty.join(', ')}. REFRESH MATERIALIZED VIEW fills them.`)
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
  const { manifest, rowsOnly, reader, options, exists, progress } = run
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
        const onBytes = (bytes: number) => progress.add({ bytes })
        await loadLargeObjectPages(session, reader, manifest, { ...how, onBytes })
        // What a file says besides its rows is not trusted.
        if (!rowsOnly) await describeLargeObjects(session, reader, manifest, how)
      },
    },
  ]
}

async function census(
  run: RestoreRun,
  content: RestoreContent,
  sessions: readonly RestoreSession[],
  own: OwnSearchPath,
): Promise<void> {
  // A count is planned, and the planner looks into the expressions of indexes and statistics.
  const queries = sessions.map(
    (session): Query =>
      (text, values) =>
        withOwnSearchPath(session, own, 'Counting', () => session.query(text, values)),
  )
  await countRows(queries, content.tables, ({ schema, name }, error) => {
    const why = error instanceof Error ? error.message : String(error)
    log(run.report, 'warning', `${schema}.${name} could not be counted again after it was loaded: ${why}`)
  })
  const objects = await countLargeObjects((sessions[0] as RestoreSession).query)
  if (objects === run.manifest.large_object_count) return
  throw new EngineError(
    'ROW_COUNT_MISMATCH',
    `The restored database has ${objects} large objects, the backup ${run.manifest.large_object_count}.`,
  )
}
