import { type ExportedSnapshot, openExportedSnapshot } from '../postgres/exported-snapshot.ts'
import type { AttemptScope } from './attempt-scope.ts'
import { type DumpableSnapshot, dumpDefinitions } from './dump-definitions.ts'
import type { Attempt } from './open-attempt.ts'
import { defaultStallMs, watchForStall } from './stall-watch.ts'

/** The moment a backup is of. */
export interface Moment {
  snapshot: ExportedSnapshot
  /** The definitions, which pg_dump is reading under the same snapshot. */
  schema: Promise<Buffer>
  /** Ends the snapshot, because it holds back the server's vacuum; after that its loss is none. */
  end(): Promise<void>
}

/** Locks and exports the snapshot, lets the workers join it, and fails the attempt if it is lost or nothing moves. */
export async function takeSnapshot(
  scope: AttemptScope,
  { job, context, source, control, sessions, pool }: Attempt,
): Promise<Moment> {
  const { database, resources } = context
  const { lockBudgetMs, exclude, report } = job.options
  const { signal } = scope

  // pg_dump reads the catalogs in a process of its own, as soon as it can join.
  const exported = Promise.withResolvers<DumpableSnapshot>()
  const schema = exported.promise.then((moment) =>
    dumpDefinitions(source.tools, database, job.options, {
      ...moment,
      encoding: control.encoding,
      signal: AbortSignal.any([signal, moment.signal]),
    }),
  )
  schema.catch(() => {})

  // Locks come first, so that no TRUNCATE or rewriting ALTER slips between.
  report?.({ type: 'phase', phase: 'snapshot' })
  const snapshot = await openExportedSnapshot(database, {
    ...{ lockBudgetMs, exclude, signal, report, maxAgeMs: resources.maxSnapshotAgeMs },
    sessions: await sessions(),
    onExported: exported.resolve,
  })
  scope.onEnd(() => snapshot.close())
  const onLost = () => scope.fail(snapshot.signal.reason)
  snapshot.signal.addEventListener('abort', onLost)
  if (snapshot.signal.aborted) onLost()
  const stallMs = resources.stallMs ?? defaultStallMs
  scope.onEnd(watchForStall({ stallMs, activity: pool.activity, onStalled: scope.fail }))
  // With one connection to read by, the tool's comes first; whether it failed is asked where its definitions are used.
  if (resources.connections === 1) await schema.catch(() => {})
  await pool.connect(database, snapshot.id)
  return {
    snapshot,
    schema,
    async end() {
      snapshot.signal.removeEventListener('abort', onLost)
      await snapshot.close()
    },
  }
}
