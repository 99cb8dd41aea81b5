import { setImmediate } from 'node:timers/promises'

/**
 * What jobs and downloads work with. Node reads and compiles what an import brings along in one turn of the event loop,
 * some of these a tenth of a second.
 */
const rooms: readonly (() => Promise<unknown>)[] = [
  () => import('../backup/run-backup.ts'),
  () => import('../postgres/load-execa.ts').then(({ loadExeca }) => loadExeca()),
  () => import('../backup/store-media.ts'),
  () => import('../backup/require-mounted.ts'),
  () => import('./stored-backups.ts'),
  () => import('./export-backup.ts'),
  () => import('../restore/plan/plan-restore.ts'),
  () => import('../restore/run-restore.ts'),
  () => import('../restore/undo/undo-media-alone.ts'),
  () => import('../rows/rewind/undo-rewind.ts'),
  () => import('../maintenance/prune.ts'),
  () => import('../maintenance/scrub.ts'),
  () => import('./verify-backup.ts'),
  () => import('./delete-backups.ts'),
  () => import('./export-folder.ts'),
  () => import('./background/audit-log.ts'),
  () => import('./background/sized-dump.ts'),
  () => import('./background/sealed-facts.ts'),
  () => import('./judge-alarms.ts'),
  () => import('./judge-retention.ts'),
  () => import('../repository/documents/numbers.ts'),
  () => import('../repository/storage-time.ts'),
]

/**
 * Loads these modules while the host starts, so that the first backup does not wait for them. No caller waits for this:
 * a module that is not loaded yet when it is needed is loaded then, and one that cannot be loaded fails there.
 */
export async function preloadModules(signal: AbortSignal): Promise<void> {
  for (const load of rooms) {
    if (signal.aborted) return
    await load()
    await setImmediate()
  }
}
