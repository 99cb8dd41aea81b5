import { counted } from '../counted.ts'
import { compareWith, type MigrationComparison } from './compare.ts'
import { describeMigrations } from './describe.ts'
import type { CarriedStep } from './down-steps/down-step.ts'
import { type PlannedSteps, planCarried, type StepTrust } from './down-steps/plan-carried.ts'
import type { Migration, MigrationInspector } from './inspector.ts'

/** What stored backups say of their migrations; nothing else of a backup is looked at. */
export interface ForecastBackup {
  id: string
  number: number
  created_at: string
  server_version_num: number
  migrations: readonly { inspector: string; applied: readonly Migration[] }[]
  /** The down steps that it carries. */
  down_steps?: readonly CarriedStep[] | undefined
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
 * - `carried`: by the down steps that it carries, where they are asked for by their hash.
 * - `refused`: not without an override; `why` says it.
 * - `unknown`: nothing can be said of its migrations.
 */
export type Outlook = 'as-is' | 'migrated' | 'carried' | 'refused' | 'unknown'

/** What a restore of one backup would do to its migrations under the code that is running now. */
export interface BackupForecast {
  backup: string
  number: number
  created_at: string
  outlook: Outlook
  /** How many migrations would run on the copy. */
  migrations: number
  /** Of `carried`: the migrations whose down steps would run, in that order, and the hash to ask for them by. */
  carried: { hash: string; steps: string[]; unsigned: string[] } | null
  why: string
  verdicts: { inspector: string; verdict: MigrationComparison['verdict'] }[]
  /** The nearest one that can be restored without down steps, the later one of two. Of `refused` and `carried` alone. */
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
  {
    serverMajor = null,
    trust = { application: '', keys: [] },
  }: { serverMajor?: number | null; trust?: StepTrust } = {},
): Forecast {
  const judged = backups
    .toSorted((a, b) => b.number - a.number)
    .map((backup) => judge(backup, inspectors, { serverMajor, trust }))
  const usable = judged.filter(({ outlook }) => outlook === 'as-is' || outlook === 'migrated')
  const rows = judged.map((one) =>
    one.outlook === 'refused' || one.outlook === 'carried' ? { ...one, instead: nearest(one, usable) } : one,
  )
  const counts: Record<Outlook, number> = { 'as-is': 0, migrated: 0, carried: 0, refused: 0, unknown: 0 }
  for (const { outlook } of rows) counts[outlook]++
  return { counts, backups: rows }
}

function judge(
  backup: ForecastBackup,
  inspectors: readonly ForecastInspector[],
  { serverMajor, trust }: { serverMajor: number | null; trust: StepTrust },
): BackupForecast {
  const { id, number, created_at, server_version_num, migrations } = backup
  const found = inspectors.map((inspector) => {
    const applied = migrations.find((one) => one.inspector === inspector.name)?.applied ?? null
    return { inspector, comparison: compareWith(inspector, applied, inspector.known) }
  })
  const head = { backup: id, number, created_at, carried: null, instead: null }
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
  const steps = stepsOf(backup, found, trust)
  if (steps && steps.problems.length === 0) return { ...row('carried', steps.why), carried: steps.carried }
  const bad = found.find(({ comparison: { verdict } }) => refusing.has(verdict))
  if (bad) {
    const { text } = describeMigrations(bad.comparison)
    const [problem] = steps?.problems ?? []
    const unusable = problem === undefined ? '' : ` The down steps that it carries cannot be used: ${problem}`
    return row('refused', `${bad.inspector.name}: ${text}${unusable}`)
  }
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

interface Found {
  inspector: ForecastInspector
  comparison: MigrationComparison
}

/** Null where it carries none that lead back, or another inspector refuses for another reason. */
function stepsOf({ migrations, down_steps = [] }: ForecastBackup, found: readonly Found[], trust: StepTrust) {
  const others = found.filter(({ comparison: { verdict } }) => verdict !== 'ahead')
  if (others.some(({ comparison: { verdict } }) => verdict !== 'same')) return null
  const ahead = found.map(({ inspector: { name, shape, retired }, comparison }) => {
    const applied = migrations.find((one) => one.inspector === name)?.applied.map(({ id }) => id) ?? []
    return { inspector: name, shape, retired, comparison, applied }
  })
  const planned = planCarried(ahead, down_steps, trust)
  return planned && { problems: planned.problems, ...describeSteps(planned) }
}

function describeSteps({ hash, steps }: PlannedSteps) {
  const ids = steps.map(({ id }) => id)
  const unsigned = steps.flatMap(({ id, signed_by }) => (signed_by === null ? id : []))
  const why = `By ${counted(ids.length, 'carried down step')}, where asked for by hash: ${ids.join(', ')}.`
  const lacks = unsigned.length === 0 ? '' : ` No trusted key has signed ${unsigned.join(', ')}.`
  return { why: `${why}${lacks}`, carried: { hash, steps: ids, unsigned } }
}

const refusing: ReadonlySet<MigrationComparison['verdict']> = new Set(['ahead', 'diverged', 'edited', 'dirty'])

/** By number: the times are those of whatever clock there was. */
function nearest({ number }: BackupForecast, usable: readonly BackupForecast[]): BackupForecast['instead'] {
  const distance = (other: BackupForecast) => Math.abs(other.number - number)
  const [best] = usable.toSorted((a, b) => distance(a) - distance(b) || b.number - a.number)
  return best ? { backup: best.backup, number: best.number, created_at: best.created_at } : null
}
