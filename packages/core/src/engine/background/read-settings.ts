import { isEngineError } from '../../errors.ts'
import type { RunTimeConfig } from '../../policy/run-time-config.ts'
import type { Background } from './core.ts'

/** What was set at run time; null where there is no catalog, or a damaged one: what is asked for goes on without it. */
export async function readSettings(core: { history(): Promise<Background | null> }): Promise<RunTimeConfig | null> {
  try {
    const history = await core.history()
    return history ? await history.config.read() : null
  } catch (error) {
    if (!isEngineError(error, 'CATALOG_DAMAGED')) throw error
    return null
  }
}
