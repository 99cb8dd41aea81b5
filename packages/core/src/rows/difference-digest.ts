import { hash } from 'node:crypto'
import { keyOf } from './row-text.ts'

/** How many rows differ, by what happened to them. */
export interface RowCounts {
  /** Rows added since the backup. */
  inserted: number
  /** Rows changed since. */
  updated: number
  /** Rows deleted since. */
  deleted: number
  /** Rows written again with what they held. */
  touched: number
}

/**
 * Sums up the difference of one table in memory that does not grow with the length of its rows, and whatever the order in
 * which its parts are read: what happened to the rows, and a hash of all that would be taken out and put back.
 */
export interface DifferenceDigest {
  gone(line: Buffer): void
  fresh(line: Buffer): void
  /** `null` past {@link mostPaired} rows: then only what is gone and what is fresh is counted. */
  counts(): RowCounts | null
  readonly goneRows: number
  readonly freshRows: number
  readonly goneBytes: number
  readonly freshBytes: number
  /**
   * Equal for equal differences: rows that were only touched do not count. `withoutNew`: nor do rows that were added, as
   * long as there are not too many rows to pair them. Hex.
   */
  hash(options?: { withoutNew?: boolean }): string
}

/** Changed rows of a table that are paired by their keys, some 200 bytes of memory each. */
export const mostPaired = 250_000

/** `key`: positions of the primary key among the columns; `null`: rows are told apart by all that they hold. */
export function createDifferenceDigest(key: readonly number[] | null, limit = mostPaired): DifferenceDigest {
  /** By key: the contents that are gone and those that are fresh. With a key there is one of each at most. */
  let rows: Map<string, Entry> | null = new Map()
  let sum = 0n
  const state = { goneRows: 0, freshRows: 0, goneBytes: 0, freshBytes: 0 }

  function note(line: Buffer, side: 'gone' | 'fresh'): void {
    state[`${side}Rows`] += 1
    state[`${side}Bytes`] += line.length
    const content = hash('sha256', line, 'buffer').toString('latin1', 0, 16)
    const number = numberOf(content)
    // Added and taken away: a row that was written again as it was leaves nothing.
    sum = BigInt.asUintN(128, side === 'gone' ? sum + number : sum - number)
    if (rows === null) return
    const id = key ? hash('sha256', keyOf(line, key), 'buffer').toString('latin1', 0, 16) : content
    const entry = rows.get(id)
    if (entry) entry[side] = { content, times: (entry[side]?.times ?? 0) + 1 }
    else rows.set(id, { [side]: { content, times: 1 } })
    if (rows.size > limit) rows = null
  }

  return {
    gone: (line) => note(line, 'gone'),
    fresh: (line) => note(line, 'fresh'),
    counts: () => rows && countRows(rows.values()),
    get goneRows() {
      return state.goneRows
    },
    get freshRows() {
      return state.freshRows
    },
    get goneBytes() {
      return state.goneBytes
    },
    get freshBytes() {
      return state.freshBytes
    },
    hash({ withoutNew = false } = {}) {
      const total = withoutNew && rows ? sumOfPaired(rows.values()) : sum
      return total.toString(16).padStart(32, '0')
    },
  }
}

interface Entry {
  gone?: { content: string; times: number }
  fresh?: { content: string; times: number }
}

const numberOf = (content: string) => BigInt(`0x${Buffer.from(content, 'latin1').toString('hex')}`)

function sumOfPaired(entries: Iterable<Entry>): bigint {
  let sum = 0n
  for (const { gone, fresh } of entries) {
    if (!gone) continue
    sum += numberOf(gone.content) * BigInt(gone.times)
    if (fresh) sum -= numberOf(fresh.content) * BigInt(fresh.times)
  }
  return BigInt.asUintN(128, sum)
}

function countRows(entries: Iterable<Entry>): RowCounts {
  const counts = { inserted: 0, updated: 0, deleted: 0, touched: 0 }
  for (const { gone, fresh } of entries) {
    const [before, now] = [gone?.times ?? 0, fresh?.times ?? 0]
    const both = Math.min(before, now)
    if (gone?.content === fresh?.content) counts.touched += both
    else counts.updated += both
    counts.deleted += before - both
    counts.inserted += now - both
  }
  return counts
}
