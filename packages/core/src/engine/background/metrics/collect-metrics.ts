import type { Ground } from '../../../actions/ground.ts'
import type { MetricFamily } from '../../../policy/metric-text.ts'
import { version } from '../../../version.ts'
import { objectivesFor } from '../../objectives.ts'
import { readDrills } from '../../read-drills.ts'
import { readStorageOutlook } from '../../read-storage-outlook.ts'
import { readStoredBackups } from '../../stored-backups.ts'
import type { Background } from '../core.ts'
import { plannedJobs } from '../schedules.ts'
import { askedPlaces } from './asked-places.ts'
import { catalogFigures } from './catalog-figures.ts'
import { databaseFigures } from './database-figures.ts'
import { type Figures, familiesOf, secondsOf, setFigure } from './families.ts'
import { healthFigures } from './health-figures.ts'
import { readAttempts } from './read-attempts.ts'
import { repositoryFigures } from './repository-figures.ts'

/**
 * All metrics, from the catalog and the repository as they are now: a process that has just begun, and every replica, has the
 * same. Nothing is counted in memory.
 */
export async function collectMetrics(
  ground: Pick<Ground, 'parts'>,
  background: Background,
  { now = new Date(), signal }: { now?: Date; signal?: AbortSignal | undefined } = {},
): Promise<MetricFamily[]> {
  const { parts } = ground
  const repository = await parts.repository()
  const { catalog } = background
  const labels = parts.labels()
  const [{ backups, damaged }, attempts, planned, drills, asked] = await Promise.all([
    readStoredBackups(repository, signal),
    readAttempts(catalog, repository, labels),
    plannedJobs(background),
    readDrills(repository, signal),
    askedPlaces(background, now),
  ])
  const figures: Figures = { build_info: [[{ version }, 1]] }
  for (const label of labels) {
    const named = backups.map((backup) => ({
      ...backup,
      database: backup.manifest.database,
      system_identifier: backup.manifest.snapshot.system_identifier,
    }))
    const { database } = parts.connection(label)
    const meant = { database, system_identifier: asked.server(label, now)?.system_identifier ?? null }
    await healthFigures(figures, background, { label, asked, now, signal })
    databaseFigures(figures, {
      ...{ label, backups: named, meant, planned, now, attempts: attempts.get(label) },
      objectives: objectivesFor(parts.settings.objectives, label),
      drills: drills.filter((drill) => drill.database === database),
    })
  }
  const outlook = await readStorageOutlook(parts, background, { now, signal })
  setFigure(figures, 'repository_full_timestamp_seconds', {}, secondsOf(outlook.full_at))
  await repositoryFigures(figures, { parts, repository, damaged: damaged.length, now, signal })
  await catalogFigures(figures, { background, planned, now })
  return familiesOf(figures)
}
