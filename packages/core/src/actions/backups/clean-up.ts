import { counted } from '../../counted.ts'
import { EngineError } from '../../errors.ts'
import { log } from '../../events.ts'
import type { ActionContext } from '../action.ts'

/**
 * Deletes at once, without its waiting period, what retention and deletes have let go already, so that a backup that found
 * the storage full can be tried again. What it has stored itself stays, for the next try. The backup's fact says what was
 * deleted, as `cleaned_up`. Throws `full`, with the same in its detail, where nothing became free.
 */
export async function cleanUp(context: ActionContext, full: EngineError): Promise<void> {
  const { maintenance, signal, report } = context
  const done = await maintenance.prune({ now: true, keepUnindexed: true, signal, report }).then(
    ({ packsDeleted, bytesFreed }) => ({ packs_deleted: packsDeleted, bytes_freed: bytesFreed }),
    (error: unknown) => {
      if (signal?.aborted) throw error
      log(report, 'warning', `Nothing could be cleaned up: ${error instanceof Error ? error.message : String(error)}`)
      return { packs_deleted: 0, bytes_freed: 0 }
    },
  )
  context.prepared = { ...context.prepared, cleaned_up: done }
  const detail = { ...full.detail, cleaned_up: done }
  if (done.bytes_freed === 0) throw new EngineError('STORAGE_FULL', full.message, { cause: full, detail })
  const packs = `${counted(done.packs_deleted, 'pack')} (${done.bytes_freed} bytes)`
  log(report, 'warning', `${full.message} What no backup needs was deleted at once: ${packs}.`, { ...done })
}
