import { type Hint, nameHints } from './hints.ts'
import type { LedgerShape, Migration, MigrationInspector, MigrationOrder } from './inspector.ts'
import { appliedFromPointer } from './pointer.ts'

/**
 * How the history of a database and the migrations of the code stand to each other. Where several fit, the first is
 * given: it forbids most.
 *
 * - `dirty`: a migration was begun and not finished, by the ledger's own word.
 * - `edited`: a migration was changed after it had been applied, by the tool's own checksum.
 * - `diverged`: both have something the other lacks, or a migration is missing in the middle of what was applied.
 * - `ahead`: the database has migrations the code does not know yet: the code is older than the data.
 * - `behind`: the database lacks migrations the code has; running them brings it to the code.
 * - `same`: the code knows exactly what was applied.
 * - `unknown`: one side cannot be read, so nothing can be said.
 */
export type MigrationVerdict = 'same' | 'behind' | 'ahead' | 'diverged' | 'edited' | 'dirty' | 'unknown'

/** The verdict and what it rests on. Plain JSON; it is part of restore plans. */
export interface MigrationComparison {
  verdict: MigrationVerdict
  /** Ids the code knows and the database lacks, in the code's order: what `migrate` would run. */
  missing: string[]
  /** Ids the database has and the code does not know, in the order they were applied. */
  extra: string[]
  /** Ids on both sides whose checksums, kept by the tool itself, differ. */
  edited: string[]
  /** Ids whose checksums differ and whose sources differ only in comments, white space or line ends: a warning. */
  restyled: string[]
  /** Ids that were begun and not finished. */
  failed: string[]
  /** Ids the database has without a file, as the code or the configuration says they may: squashed, baseline. */
  retired: string[]
  /** Ids on both sides whose source files differ while the tool keeps no checksum: only a warning, builds do that. */
  sourceChanged: string[]
  /** Those of `missing` that the code orders before something already applied. */
  gaps: string[]
  /** Whether what both sides have was applied in another order than the code gives it. */
  reordered: boolean
  /** Whether both have migrations and not one in common: most likely the ledger of another application. */
  foreign: boolean
  /** Pairs of extra and missing ids that look like the same migration under another name. Never acted on. */
  hints: Hint[]
  /** What people read for ids that say little; only of ids named above. */
  labels: Record<string, string>
}

/** What is compared. `null` for a side that could not be read at all. */
export interface MigrationHistories {
  /** What a database (or a backup of one) says was applied, in order. */
  applied: readonly Migration[] | null
  /** What the code knows, in order. */
  known: readonly Migration[] | null
  /** See {@link MigrationOrder}; default `strict`. */
  order?: MigrationOrder
  /** See {@link LedgerShape}; default `list`. */
  shape?: LedgerShape
  /** Ids that may be in the ledger without a file. */
  retired?: readonly string[]
}

/**
 * Compares an applied history with the migrations the code knows. Pure.
 *
 * Code that knows no migration at all, facing a history that has some, is `unknown`: more often a wrong folder than an
 * old release.
 */
export function compareMigrations(histories: MigrationHistories): MigrationComparison {
  const { known, order = 'strict', shape = 'list', retired = [] } = histories
  if (!histories.applied || !known) {
    const failed = failedIds(new Map(histories.applied?.map((migration) => [migration.id, migration])))
    return failed.length > 0 ? comparison('dirty', { failed }) : comparison('unknown')
  }
  const rows = withoutOutdated(underKnownNames(histories.applied, known), known)
  const applied = shape === 'pointer' ? appliedFromPointer(rows, known) : rows
  // A tool may record one id twice; the last row counts.
  const appliedById = new Map(applied.map((migration) => [migration.id, migration]))
  const knownById = new Map(known.map((migration) => [migration.id, migration]))
  const { forgiven, settled } = settleSquashes(appliedById, known)
  for (const id of retired) forgiven.add(id)
  const inLedger = [...appliedById.keys()].filter((id) => knownById.has(id) || !forgiven.has(id))
  const knownIds = [...knownById.keys()].filter((id) => appliedById.has(id) || !settled.has(id))
  const extra = inLedger.filter((id) => !knownById.has(id))
  const failed = failedIds(appliedById)
  if (knownById.size === 0 && extra.length > 0) {
    return comparison(failed.length > 0 ? 'dirty' : 'unknown', { extra, failed })
  }

  const missing = knownIds.filter((id) => !appliedById.has(id))
  const common = knownIds.filter((id) => appliedById.has(id))
  const commonAsApplied = inLedger.filter((id) => knownById.has(id))
  const differing = (test: Differs) =>
    common.filter((id) => test(appliedById.get(id) ?? none, knownById.get(id) ?? none))
  const facts: Facts = {
    missing,
    extra,
    edited: differing((was, is) => checksumsDiffer(was, is) && !sameText(was, is)),
    restyled: differing(
      (was, is) => differ(was.checksum, is.checksum) && (!checksumsDiffer(was, is) || sameText(was, is)),
    ),
    failed,
    retired: [...appliedById.keys()].filter((id) => !knownById.has(id) && forgiven.has(id)),
    sourceChanged: differing((was, is) => was.checksum === undefined && differ(was.sourceHash, is.sourceHash)),
    gaps: before(knownIds, common.at(-1)).filter((id) => !appliedById.has(id)),
    reordered: common.some((id, position) => commonAsApplied[position] !== id),
    foreign: extra.length > 0 && missing.length > 0 && common.length === 0,
    hints: nameHints(extra, missing),
    labels: {},
  }
  const extraInside = before(inLedger, commonAsApplied.at(-1)).some((id) => !knownById.has(id))
  return { ...comparison(verdictOf(facts, extraInside, order), facts), labels: labelsOf([...applied, ...known], facts) }
}

/** The same with what an inspector says of its tool. */
export function compareWith(
  inspector: Pick<MigrationInspector, 'order' | 'shape' | 'retired'>,
  applied: readonly Migration[] | null,
  known: readonly Migration[] | null,
): MigrationComparison {
  const { order, shape, retired } = inspector
  return compareMigrations({
    applied,
    known,
    ...(order === undefined ? {} : { order }),
    ...(shape === undefined ? {} : { shape }),
    ...(retired === undefined ? {} : { retired }),
  })
}

type Facts = Omit<MigrationComparison, 'verdict'>
type Differs = (applied: Migration, known: Migration) => boolean
const none: Migration = { id: '' }

function failedIds(applied: ReadonlyMap<string, Migration>): string[] {
  return [...applied.values()].filter(({ state }) => state === 'failed').map(({ id }) => id)
}

/**
 * What squashes settle. `forgiven`: ids whose files may be gone, as their squash is applied, whether it has a row of its
 * own or all it was made of have one; one that is only partly applied forgives nothing, since it would run again.
 * `settled`: ids that need no row: such a squash, and the replaced files of an applied one.
 */
function settleSquashes(applied: ReadonlyMap<string, Migration>, known: readonly Migration[]) {
  const [forgiven, settled] = [new Set<string>(), new Set<string>()]
  for (const { id, replaces = [] } of known) {
    if (replaces.length === 0) continue
    if (!applied.has(id) && !replaces.every((replaced) => applied.has(replaced))) continue
    for (const one of [id, ...replaces]) settled.add(one)
    for (const replaced of replaces) forgiven.add(replaced)
  }
  return { forgiven, settled }
}

/** Rows by the id the code has for them, where one of their names is one of its. */
function underKnownNames(applied: readonly Migration[], known: readonly Migration[]): readonly Migration[] {
  const names = new Map(known.flatMap(({ id, aliases = [] }) => aliases.map((alias) => [alias, id] as const)))
  for (const { id } of known) names.set(id, id)
  return applied.map((row) => {
    const id = [row.id, ...(row.aliases ?? [])].map((name) => names.get(name)).find((name) => name !== undefined)
    return id === undefined || id === row.id ? row : { ...row, id }
  })
}

/** What runs again whenever it changes is not applied where it changed since. */
function withoutOutdated(applied: readonly Migration[], known: readonly Migration[]): readonly Migration[] {
  const repeatable = new Map(known.filter((one) => one.repeatable).map((migration) => [migration.id, migration]))
  if (repeatable.size === 0) return applied
  return applied.filter((row) => {
    const source = repeatable.get(row.id)
    return source === undefined || row.state === 'failed' || !checksumsDiffer(row, source)
  })
}

function verdictOf(facts: Facts, extraInside: boolean, order: MigrationOrder): MigrationVerdict {
  const { missing, extra, edited, failed, gaps, reordered } = facts
  if (failed.length > 0) return 'dirty'
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

function checksumsDiffer(applied: Migration, known: Migration): boolean {
  return differ(applied.checksum, known.checksum) && !known.equalChecksums?.includes(applied.checksum ?? '')
}

/** Whether both sources are known and say the same. */
function sameText(applied: Migration, known: Migration): boolean {
  return applied.sourceHash !== undefined && applied.sourceHash === known.sourceHash
}

/** What people read for a migration: its label, or its id, which may well be "constructor". Pure. */
export function labelIn({ labels }: Pick<MigrationComparison, 'labels'>, id: string): string {
  return Object.hasOwn(labels, id) ? (labels[id] ?? id) : id
}

function labelsOf(migrations: readonly Migration[], facts: Facts): Record<string, string> {
  const { missing, extra, edited, restyled, failed, retired, sourceChanged, gaps } = facts
  const named = new Set([missing, extra, edited, restyled, failed, retired, sourceChanged, gaps].flat())
  return Object.fromEntries(
    migrations.flatMap(({ id, label }) => (label !== undefined && named.has(id) ? [[id, label]] : [])),
  )
}

function comparison(verdict: MigrationVerdict, facts: Partial<Facts> = {}): MigrationComparison {
  return {
    verdict,
    missing: [],
    extra: [],
    edited: [],
    restyled: [],
    failed: [],
    retired: [],
    sourceChanged: [],
    gaps: [],
    reordered: false,
    foreign: false,
    hints: [],
    labels: {},
    ...facts,
  }
}
