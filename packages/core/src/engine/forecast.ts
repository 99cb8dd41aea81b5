import { readPublicKey } from '../migrations/down-steps/down-step.ts'
import { type Forecast, type ForecastInspector, forecastRestores } from '../migrations/forecast.ts'
import type { MigrationInspector } from '../migrations/inspector.ts'
import type { Manifest } from '../repository/documents/documents.ts'
import type { EngineParts } from './parts.ts'
import type { BackupSummary, StoredBackup } from './summary.ts'

/** The same of stored backups, by the migrations and keys of the engine; those that hold media alone have none. */
export async function forecastStored(parts: EngineParts, stored: readonly StoredBackup[]): Promise<Forecast> {
  const { migrations, downSteps } = parts.settings
  const manifests = stored.flatMap(({ manifest }) => (manifest.media_only ? [] : manifest))
  const signers = { application: await parts.applicationName(), trustedKeys: downSteps.trustedKeys }
  return forecastBackups(manifests, migrations, signers)
}

/** Says of each summary how the running code could restore it. Nothing is read of the storage for it. */
export async function addForecasts(
  parts: EngineParts,
  summaries: readonly BackupSummary[],
  stored: readonly StoredBackup[],
): Promise<void> {
  // Without an inspector nothing could be said of any.
  if (parts.settings.migrations.length === 0) return
  const { backups } = await forecastStored(parts, stored)
  const found = new Map(backups.map(({ backup, outlook, why }) => [backup, { outlook, why }]))
  for (const summary of summaries) {
    const forecast = found.get(summary.id)
    if (forecast) summary.forecast = forecast
  }
}

/** What would come of restoring each of these backups with the migrations that the code has now. Reads no rows. */
async function forecastBackups(
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
