/** A table of a backup, as far as its rows are judged. */
export interface CountedTable {
  oid: number
  /** `schema.table` */
  table: string
  rows: number
  /** Rows that came since the backup before, as counted or estimated; null where that was not looked at. */
  freshRows: number | null
  /** Of columns and types. */
  fingerprint: string
  /** Its rows were left out on request. */
  isExcluded: boolean
}

export const oddRowKinds = ['emptied', 'lost', 'vanished', 'rewritten'] as const
export type OddRowKind = (typeof oddRowKinds)[number]

export interface OddRows {
  kind: OddRowKind
  table: string
  before: number
  after: number
  /** Of the rows there were before, between 0 and 1: lost, or rewritten. */
  share: number
}

/** A table that is smaller is too noisy, but for one that had rows and has none. */
const leastRows = 1000
const leastEmptied = 100
const oddLoss = 0.3
const oddRewrite = 0.5

/**
 * What became of the rows of each table between two backups, as far as people should look at it: a table that was emptied or is
 * gone, lost more than 30 % of its rows, or had more than half of them rewritten. For two backups with neither a migration nor a
 * restore in between. Partitions that come and go are judged together, by their names without digits. Pure.
 */
export function judgeRows(before: readonly CountedTable[], after: readonly CountedTable[]): OddRows[] {
  const byOid = new Map(after.map((table) => [table.oid, table]))
  const byName = new Map(after.map((table) => [table.table, table]))
  const found: OddRows[] = []
  const gone: CountedTable[] = []
  for (const old of before) {
    if (old.isExcluded) continue
    // A table of the same name that was made again is its successor; a renamed one keeps its oid.
    const now = byName.get(old.table) ?? byOid.get(old.oid)
    if (!now) gone.push(old)
    else if (!now.isExcluded) found.push(...judgeTable(old, now))
  }
  return [...found, ...judgeGone(gone, before, after)].sort((a, b) => b.share * b.before - a.share * a.before)
}

function judgeTable(old: CountedTable, now: CountedTable): OddRows[] {
  const counts = { table: now.table, before: old.rows, after: now.rows }
  const lost = old.rows === 0 ? 0 : (old.rows - now.rows) / old.rows
  if (now.rows === 0 && old.rows >= leastEmptied) return [{ kind: 'emptied', ...counts, share: 1 }]
  if (old.rows < leastRows) return []
  if (lost > oddLoss) return [{ kind: 'lost', ...counts, share: lost }]
  const rewritten = rewrittenShare(old, now)
  return rewritten > oddRewrite ? [{ kind: 'rewritten', ...counts, share: rewritten }] : []
}

/** Fresh rows that are no growth. Columns that changed are a migration, recorded or not. */
function rewrittenShare(old: CountedTable, { rows, freshRows, fingerprint }: CountedTable): number {
  if (freshRows === null || fingerprint !== old.fingerprint) return 0
  const grown = Math.max(0, rows - old.rows)
  return Math.min(1, Math.max(0, Math.min(freshRows, rows) - grown) / old.rows)
}

/** `public.events_2026_05` and `public.events_2026_06` belong together. */
const stemOf = (table: string): string => table.replace(/\d+/g, '#')

function judgeGone(
  gone: readonly CountedTable[],
  before: readonly CountedTable[],
  after: readonly CountedTable[],
): OddRows[] {
  const found: OddRows[] = []
  for (const [stem, lost] of Map.groupBy(gone, ({ table }) => stemOf(table))) {
    const members = (all: readonly CountedTable[]) =>
      all.filter(({ table, isExcluded }) => !isExcluded && stemOf(table) === stem)
    const sum = (all: readonly CountedTable[]) => all.reduce((total, { rows }) => total + rows, 0)
    const [was, is] = [sum(members(before)), sum(members(after))]
    const isRotated = members(after).length > 0
    if (was < leastRows || (isRotated && (was - is) / was <= oddLoss)) continue
    for (const { table, rows } of lost)
      if (rows > 0) found.push({ kind: 'vanished', table, before: rows, after: 0, share: 1 })
  }
  return found
}

/** One sentence for people. */
export function describeOddRows({ kind, table, before, after, share }: OddRows): string {
  const count = (value: number): string => value.toLocaleString('en')
  const percent = `${Math.round(share * 100)} %`
  if (kind === 'emptied') return `${table} was emptied: it had ${count(before)} rows.`
  if (kind === 'vanished') return `${table} is gone: it had ${count(before)} rows.`
  if (kind === 'lost') return `${table} lost ${percent} of its rows: ${count(before)} before, ${count(after)} now.`
  return `About ${percent} of the rows of ${table} were rewritten: ${count(before)} before, ${count(after)} now.`
}
