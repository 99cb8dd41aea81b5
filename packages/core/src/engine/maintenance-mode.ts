import { setTimeout as wait } from 'node:timers/promises'
import type { EngineSettings } from '../config.ts'
import { EngineError } from '../errors.ts'
import { log } from '../events.ts'
import type { AroundSwap } from '../restore/options.ts'

/** The moment in which a restore or an undo puts one database in another's place, for the host to step aside. */
export interface MaintenanceMode {
  /** Whether a database of this engine is being swapped right now. */
  readonly active: boolean
  /**
   * Counts a request of the host in; call what it gives once the request has ended. Null while a swap goes on: the
   * request is to be turned away. A swap waits for the requests counted in, for a second at most.
   */
  enter(): (() => void) | null
}

const drainMs = 1000
const hookMs = 10_000

/**
 * The state that the adapters' `maintenanceMode` looks at, and what a swap is wrapped in: `beforeSwap` (the host still
 * serves; throwing keeps everything as it is), then no more requests, then the swap, then `afterSwap`, then requests
 * again, whatever happened. It knows of the swaps of this process only.
 */
export function createMaintenanceMode(hooks: EngineSettings['hooks']): { mode: MaintenanceMode; around: AroundSwap } {
  let swaps = 0
  let requests = 0
  const mode: MaintenanceMode = {
    get active() {
      return swaps > 0
    },
    enter() {
      if (swaps > 0) return null
      requests++
      let counted = true
      return () => {
        if (counted) requests--
        counted = false
      }
    },
  }
  const drained = async () => {
    const until = performance.now() + drainMs
    while (requests > 0 && performance.now() < until) await wait(5)
  }
  const around: AroundSwap = async ({ database, restoreId, report }, rename) => {
    const notice = { database, restore_id: restoreId }
    await inTime('beforeSwap', () => hooks.beforeSwap?.(notice))
    swaps++
    let swapped = false
    try {
      await drained()
      const result = await rename()
      swapped = true
      return result
    } finally {
      await inTime('afterSwap', () => hooks.afterSwap?.({ ...notice, swapped })).catch((error: unknown) => {
        // What is done is done: this is no reason to call the restore failed.
        log(report, 'warning', error instanceof Error ? error.message : String(error))
      })
      swaps--
    }
  }
  return { mode, around }
}

async function inTime(name: string, run: () => void | Promise<void>): Promise<void> {
  const ended = new AbortController()
  const late = wait(hookMs, undefined, { signal: ended.signal, ref: false }).then(
    () => {
      throw new Error(`no answer within ${hookMs / 1000} s`)
    },
    () => {},
  )
  try {
    await Promise.race([(async () => run())(), late])
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new EngineError('RESTORE_FAILED', `The hook ${name} failed: ${reason}`, { cause })
  } finally {
    ended.abort()
  }
}
