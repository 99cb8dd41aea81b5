import type { Migration, MigrationOrder } from './inspector.ts'

/**
 * How the history of a database and the migrations of the code stand to each other.
 *
 * - `same`: the code knows exactly what was applied.
 * - `behind`: the database lacks migrations the code has; running them brings it to the code.
 * - `ahead`: the database has migrations the code does not know yet: the code is older than the data.
 * - `diverged`: both have something the other lacks, or a migration is missing in the middle of what was applied.
 * - `edited`: a migration was changed after it had been applied, by the tool's own checksum.
 * - `unknown`: one side cannot be read, so nothing can be said.
 */
export type MigrationVerdict = 'same' | 'behind' | 'ahead' | 'diverged' | 'edited' | 'unknown'

/** The verdict and what it rests on. Plain JSON; it is part of restore plans. */
export interface MigrationComparison {
  verdict: MigrationVerdict
  /** Ids the code knows and the database lacks, in the code's order: what `migrate` would run. */
  missing: string[]
  /** Ids the database has and the code does not know, in the order they were applied. */
  extra: string[]
  /** Ids on both sides whose checksums, kept by the tool itself, differ. */
  edited: string[]
  /** Ids on both sides whose source files differ while the tool keeps no checksum: only a warning, builds do that. */
  sourceChanged: string[]
  /** Those of `missing` that the code orders before something already applied. */
  gaps: string[]
  /** Whether what both sides have was applied in another order than the code gives it. */
  reordered: boolean
}

/** What is compared. `null` for a side that could not be read at all. */
export interface MigrationHistories {
  /** What a database (or a backup of one) says was applied, in order. */
  applied: readonly Migration[] | null
  /** What the code knows, in order. */
  known: readonly Migration[] | null
  /** See {@link MigrationOrder}; default `strict`. */
  order?: MigrationOrder
}

/**
 * Compares an applied history with the migrations the code knows. Pure.
 *
 * Among verdicts that would both fit, the one that forbids more is given: `edited` before `diverged`. Code that knows
 * no migration at all, facing a history that has some, is `unknown`: more often a wrong folder than an old release.
 */
export function compareMigrations({ applied, known, order = 'strict' }: MigrationHistories): MigrationComparison {
  if (!applied || !known) return comparison('unknown')
  const appliedById = new Map(applied.map((migration) => [migration.id, migration]))
  const knownById = new Map(known.map((migration) => [migration.id, migration]))
  const appliedIds = [...appliedById.keys()]
  const knownIds = [...knownById.keys()]
  const extra = appliedIds.filter((id) => !knownById.has(id))
  if (knownIds.length === 0 && extra.length > 0) return comparison('unknown', { extra })

  const missing = knownIds.filter((id) => !appliedById.has(id))
  const common = knownIds.filter((id) => appliedById.has(id))
  const commonAsApplied = appliedIds.filter((id) => knownById.has(id))
  const gaps = before(knownIds, common.at(-1)).filter((id) => !appliedById.has(id))
  const extraInside = before(appliedIds, commonAsApplied.at(-1)).some((id) => !knownById.has(id))
  const differing = (field: 'checksum' | 'sourceHash') =>
    common.filter((id) => differ(appliedById.get(id)?.[field], knownById.get(id)?.[field]))

  const edited = differing('checksum')
  const facts = {
    missing,
    extra,
    edited,
    sourceChanged: differing('sourceHash').filter((id) => appliedById.get(id)?.checksum === undefined),
    gaps,
    reordered: common.some((id, position) => commonAsApplied[position] !== id),
  }
  return comparison(verdictOf(facts, extraInside, order), facts)
}

type Facts = Omit<MigrationComparison, 'verdict'>

function verdictOf(facts: Facts, extraInside: boolean, order: MigrationOrder): MigrationVerdict {
  const { missing, extra, edited, gaps, reordered } = facts
  if (edited.length > 0) return 'edited'
  if (missing.length > 0 && extra.length > 0) return 'diverged'
  const disordered = order === 'strict' && (gaps.length > 0 || reordered || extraInside)
  // The same set in another order leaves nothing to run, so nothing the tool could refuse.
  if (missing.length > 0) return disordered ? 'diverged' : 'behind'
  if (extra.length > 0) return disordered ? 'diverged' : 'ahead'
  return 'same'
}

function before(ids: readonly string[], end: string | undefined): readonly string[] {
  return end === undefined ? [] : ids.slice(0, ids.indexOf(end))
}

/** Differs only where both sides say something. */
function differ(left: string | undefined, right: string | undefined): boolean {
  return left !== undefined && right !== undefined && left !== right
}

function comparison(verdict: MigrationVerdict, facts: Partial<Facts> = {}): MigrationComparison {
  return {
    verdict,
    missing: [],
    extra: [],
    edited: [],
    sourceChanged: [],
    gaps: [],
    reordered: false,
    ...facts,
  }
}
