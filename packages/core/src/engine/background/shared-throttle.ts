import type { Catalog } from '../../catalog/catalog.ts'
import type { TransferLimits } from '../../storage/throttle.ts'

/** In the catalog's configuration, so that a change holds for every process and outlives a restart. */
const name = '.throttle'

export async function applyThrottle(
  { catalog }: { catalog: Catalog },
  limits: TransferLimits,
  by: string,
): Promise<void> {
  await catalog.configuration.write({ [name]: limits }, { by, at: new Date().toISOString() })
}

/** The limits that were set at run time, or null. What does not fit is passed over. */
export async function sharedThrottle({ configuration }: Catalog): Promise<TransferLimits | null> {
  const stored = (await configuration.read())[name]
  if (typeof stored !== 'object' || stored === null) return null
  const rate = (key: 'upload' | 'download') => {
    const value: unknown = Reflect.get(stored, key)
    return typeof value === 'number' && value >= 0 ? { [key]: value } : {}
  }
  return { ...rate('upload'), ...rate('download') }
}
