import { readPublicKey } from '../migrations/down-steps/down-step.ts'
import { type Forecast, type ForecastInspector, forecastRestores } from '../migrations/forecast.ts'
import type { MigrationInspector } from '../migrations/inspector.ts'
import type { Manifest } from '../repository/documents/documents.ts'

/** What would come of restoring each of these backups with the migrations that the code has now. Reads no rows. */
export async function forecastBackups(
  manifests: readonly Manifest[],
  inspectors: readonly MigrationInspector[],
  signers: { application: string; trustedKeys: readonly string[] },
): Promise<Forecast> {
  const known = await Promise.all(
    inspectors.map(async (inspector): Promise<ForecastInspector> => {
      const { name, order, shape, retired } = inspector
      const migrations = await inspector.known().catch(() => null)
      return { name, order, shape, retired, known: migrations, canMigrate: inspector.migrate !== undefined }
    }),
  )
  // A key that is none is an error where steps are to be run; here it signs nothing.
  const keys = signers.trustedKeys.flatMap((pem) => {
    try {
      return readPublicKey(pem)
    } catch {
      return []
    }
  })
  return forecastRestores(manifests, known, { trust: { application: signers.application, keys } })
}
