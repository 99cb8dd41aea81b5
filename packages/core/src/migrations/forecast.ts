import { compareWith, type MigrationComparison } from './compare.ts'
import { describeMigrations } from './describe.ts'
import type { Migration, MigrationInspector } from './inspector.ts'

/** What stored backups say of their migrations; nothing else of a backup is looked at. */
export interface ForecastBackup {
  id: string
  number: number
  created_at: string
  server_version_num: number
  migrations: readonly { inspector: string; applied: readonly Migration[] }[]
}

/** What the code has now. `null`: its migrations cannot be read. */
export interface ForecastInspector extends Pick<MigrationInspector, 'name' | 'order' | 'shape' | 'retired'> {
  known: readonly Migration[] | null
  canMigrate: boolean
}

/**
 * How a backup could be restored by this code:
 * - `as-is`: its schema is the one the code expects.
 * - `migrated`: by running migrations on the copy.
 * - `refused`: not without an override; `why` says it.
 * - `unknown`: nothing can be said of its migrations.
 */
export type Outlook = 'as-is' | 'migrated' | 'refused' | 'unknown'

/** What a restore of one backup would do to its migrations under the code that is running now. */
export interface BackupForecast {
  backup: string
  number: number
  created_at: string
  outlook: Outlook
  /** How many migrations would run on the copy. */
  migrations: number
  why: string
  verdicts: { inspector: string; verdict: MigrationComparison['verdict'] }[]
  /** The nearest one that can be restored, the later one of two. Of refused ones alone. */
  instead: { backup: string; number: number; created_at: string } | null
}

/** How many backups have which outlook, and each of them, newest first. Plain JSON. */
export interface Forecast {
  counts: Record<Outlook, number>
  backups: BackupForecast[]
}

/**
 * What would come of restoring each stored backup with this code, from manifests alone: before migrations are deleted or
 * squashed, it says which backups that would orphan. Pure; no row is read.
 */
export function forecastRestores(
  backups: readonly ForecastBackup[],
  inspectors: readonly ForecastInspector[],
  serverMajor: number | null = null,
): Forecast {
  const judged = backups.toSorted((a, b) => b.number - a.number).map((backup) => judge(backup, inspectors, serverMajor))
  const usable = judged.filter(({ outlook }) => outlook === 'as-is' || outlook === 'migrated')
  const rows = judged.map((one) => (one.outlook === 'refused' ? { ...one, instead: nearest(one, usable) } : one))
  const counts: Record<Outlook, number> = { 'as-is': 0, migrated: 0, refused: 0, unknown: 0 }
  for (const { outlook } of rows) counts[outlook]++
  return { counts, backups: rows }
}

function judge(
  { id, number, created_at, server_version_num, migrations }: ForecastBackup,
  inspectors: readonly ForecastInspector[],
  serverMajor: number | null,
): BackupForecast {
  const found = inspectors.map((inspector) => {
    const applied = migrations.find((one) => one.inspector === inspector.name)?.applied ?? null
    return { inspector, comparison: compareWith(inspector, applied, inspector.known) }
  })
  const head = { backup: id, number, created_at, instead: null }
  const verdicts = found.map(({ inspector: { name }, comparison: { verdict } }) => ({ inspector: name, verdict }))
  const missing = found.reduce(
    (sum, { comparison: { verdict, missing } }) => (verdict === 'behind' ? sum + missing.length : sum),
    0,
  )
  const row = (outlook: Outlook, why: string) => ({ ...head, outlook, migrations: missing, why, verdicts })

  const major = Math.floor(server_version_num / 10_000)
  if (serverMajor !== null && major > serverMajor) {
    return row('refused', `It is of PostgreSQL ${major}, the server is ${serverMajor}.`)
  }
  const bad = found.find(({ comparison: { verdict } }) => refusing.has(verdict))
  if (bad) return row('refused', `${bad.inspector.name}: ${describeMigrations(bad.comparison).text}`)
  const stuck = found.find(({ inspector, comparison }) => comparison.verdict === 'behind' && !inspector.canMigrate)
  if (stuck) {
    const { text } = describeMigrations(stuck.comparison)
    return row('refused', `${stuck.inspector.name}: ${text} This inspector cannot run them.`)
  }
  const unclear = found.find(({ comparison: { verdict } }) => verdict === 'unknown')
  if (unclear) return row('unknown', `${unclear.inspector.name}: ${describeMigrations(unclear.comparison).text}`)
  if (found.length === 0) return row('unknown', 'No inspector is configured, so migrations are not looked at.')
  return missing > 0 ? row('migrated', `${missing} to run on the copy.`) : row('as-is', 'The code expects this schema.')
}

const refusing: ReadonlySet<MigrationComparison['verdict']> = new Set(['ahead', 'diverged', 'edited', 'dirty'])

/** By number: the times are those of whatever clock there was. */
function nearest({ number }: BackupForecast, usable: readonly BackupForecast[]): BackupForecast['instead'] {
  const distance = (other: BackupForecast) => Math.abs(other.number - number)
  const [best] = usable.toSorted((a, b) => distance(a) - distance(b) || b.number - a.number)
  return best ? { backup: best.backup, number: best.number, created_at: best.created_at } : null
}
