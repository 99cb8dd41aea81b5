import { unescapeField } from './copy-field.ts'
import { type Comparison, keyText } from './key-value.ts'
import { domainHash, type KeyedHash } from './keyed-hash.ts'
import { isStartRow, type StartRule } from './start-rows.ts'

/** The columns of a key in a table's COPY, and what the key is known by: equal keys of two tables hash alike. */
export interface KeyFact {
  /** Of the key that is referred to. */
  domain: string
  columns: { column: number; comparison: Comparison }[]
}

/** What a table's rows say about which of them a copy needs. Plain data, so that it can go to a thread. */
export interface TableScan {
  /** A row that meets one of these is one that the copy begins with. */
  starts: StartRule[]
  /** Every row is kept, and so is what it refers to. */
  isWhole: boolean
  /** By which other rows refer to these. */
  keys: KeyFact[]
  /** By which these refer to others. `up`: what is referred to is needed; `down`: with it comes this row. */
  references: (KeyFact & { up: boolean; down: boolean })[]
}

/** What a line of facts is about: see select-subset.ts. */
export const factKinds = { start: 0, whole: 1, key: 2, up: 3, down: 4 } as const

export interface FactScanner {
  /** Lines of facts, `kind, row, hash`, of the rows that end in the piece. They hold no value. */
  push(piece: Buffer): Buffer
  readonly open: boolean
  readonly rows: number
}

const tab = 9
const newline = 10
const nullField = String.raw`\N`

/**
 * Reads COPY text that is cut anywhere. Keys become 64 bits of a keyed hash. Memory is bounded by the longest value of a key,
 * whatever else is in a row.
 */
export function createFactScanner(
  scan: TableScan,
  { key, columns, first }: { key: string; columns: number; first: number },
): FactScanner {
  const used = usedColumns(scan)
  const hash = factHash(key)
  const drawing = domainHash(key, 'subset share')
  const fields: (string | null)[] = new Array(columns).fill(null)
  const field = (column: number) => fields[column] ?? null
  let column = 0
  let begun: Buffer[] = []
  let rows = 0
  let isOpen = false
  let lines: string[] = []

  const addRow = () => {
    const row = first + rows
    rows++
    if (scan.starts.some((rule) => isStartRow(rule, field, drawing))) lines.push(`${factKinds.start}\t${row}\t0\n`)
    for (const one of scan.keys) {
      const found = hash(one, field)
      if (found !== null) lines.push(`${factKinds.key}\t${row}\t${found}\n`)
    }
    let refers = false
    for (const one of scan.references) {
      const found = hash(one, field)
      if (found === null) continue
      refers ||= one.up
      if (one.up) lines.push(`${factKinds.up}\t${row}\t${found}\n`)
      if (one.down) lines.push(`${factKinds.down}\t${row}\t${found}\n`)
    }
    if (scan.isWhole && refers) lines.push(`${factKinds.whole}\t${row}\t0\n`)
  }

  return {
    push(piece) {
      lines = []
      for (let at = 0; at < piece.length; ) {
        const isLast = column >= columns - 1
        const stop = piece.indexOf(isLast ? newline : tab, at)
        const end = stop < 0 ? piece.length : stop
        if (used.has(column)) begun.push(stop < 0 ? Buffer.from(piece.subarray(at, end)) : piece.subarray(at, end))
        isOpen = true
        at = end + 1
        if (stop < 0) break
        if (used.has(column)) {
          const raw = (begun.length === 1 ? (begun[0] as Buffer) : Buffer.concat(begun)).toString('latin1')
          fields[column] = raw === nullField ? null : unescapeField(raw)
          begun = []
        }
        column++
        if (!isLast) continue
        addRow()
        column = 0
        isOpen = false
      }
      return Buffer.from(lines.join(''), 'latin1')
    },
    get open() {
      return isOpen
    },
    get rows() {
      return rows
    },
  }
}

function usedColumns({ starts, keys, references }: TableScan): Set<number> {
  return new Set([
    ...starts.flatMap(({ conditions, share }) => [
      ...conditions.map(({ column }) => column),
      ...(share?.by ?? []).map(({ column }) => column),
    ]),
    ...[...keys, ...references].flatMap(({ columns }) => columns.map(({ column }) => column)),
  ])
}

/** A key as a number of 64 bits; null where a part of it is NULL, which refers to nothing. */
function factHash(key: string): (fact: KeyFact, field: (column: number) => string | null) => bigint | null {
  const hashes = new Map<string, KeyedHash>()
  return ({ domain, columns }, field) => {
    let text = ''
    for (const { column, comparison } of columns) {
      const value = field(column)
      if (value === null) return null
      const part = keyText(value, comparison)
      text += `${part.length}:${part}`
    }
    let hash = hashes.get(domain)
    if (!hash) {
      hash = domainHash(key, `subset key ${domain}`)
      hashes.set(domain, hash)
    }
    return BigInt.asIntN(64, BigInt(`0x${hash(text).slice(0, 16)}`))
  }
}
