import { z } from 'zod'
import type { MigrationInspector } from '../migrations/inspector.ts'

export const inspectorsOption = z.array(z.custom<MigrationInspector>(isInspector, 'a migration inspector'))

function isInspector(value: unknown): value is MigrationInspector {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['applied', 'known'].every((m) => typeof Reflect.get(value, m) === 'function')
  )
}
