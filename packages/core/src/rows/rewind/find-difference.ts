import { createHostPause } from '../../threads/yield-to-host.ts'
import { compareContent } from '../compare-content.ts'
import { type CompareOptions, compareRows, type PartSink } from '../compare-rows.ts'
import { createDifferenceDigest, type DifferenceDigest } from '../difference-digest.ts'
import { type LiveView, tableName } from '../live-view.ts'
import type { TablePair } from '../pair-tables.ts'
import { keyPositions, readPrimaryKeys } from '../primary-keys.ts'
import { isChanged as isSegmentChanged, scanChanges, type TableChanges } from '../scan-changes.ts'
import { linesOf } from '../whole-lines.ts'

/** A table whose difference was read. */
export interface FoundDifference {
  pair: TablePair
  digest: DifferenceDigest
  /** Columns of the primary key that lines have; `null` where there is none. */
  key: string[] | null
}

/**
 * Reads the difference of some tables, each in the way that it can be compared, and sums it up. `also` takes the rows,
 * too. Tables in which nothing changed are in the result with an empty digest.
 */
export async function findDifference(
  view: LiveView,
  pairs: readonly TablePair[],
  also: (pair: TablePair) => PartSink | null,
  options: CompareOptions = {},
): Promise<FoundDifference[]> {
  const compared = pairs.filter(({ way }) => way !== 'none')
  const keys = await readPrimaryKeys(
    view.snapshot.session.query,
    compared.map(({ live }) => live.oid),
  )
  const found = compared.map((pair): FoundDifference => {
    const columns = keys.get(pair.live.oid)
    const positions = keyPositions(columns, pair.record.columns)
    return { pair, digest: createDifferenceDigest(positions), key: positions ? columns! : null }
  })
  const digestOf = new Map(found.map(({ pair, digest }) => [pair, digest]))
  const sinkOf = (pair: TablePair): PartSink => summed(digestOf.get(pair)!, also(pair))

  const changes = await scanChanges(view, compared, options.weakening)
  const changed = options.everySegment
    ? changes
    : changes.filter(({ segments }: TableChanges) => segments.some(isSegmentChanged))
  await compareRows(view, changed, ({ table }) => sinkOf(table.pair), options)
  // After the scan, which may find that a table is not read by blocks.
  for (const pair of compared) if (pair.way === 'content') await compareContent(view, pair, sinkOf(pair))
  return found.sort((a, b) => (tableName(a.pair.live) < tableName(b.pair.live) ? -1 : 1))
}

function summed(digest: DifferenceDigest, also: PartSink | null): PartSink {
  const pause = createHostPause(stride)
  return {
    async gone(lines, count) {
      for (const line of linesOf(lines)) {
        digest.gone(line)
        await pause(1)
      }
      await also?.gone(lines, count)
    },
    fresh(place, line) {
      digest.fresh(line)
      return also?.fresh(place, line)
    },
    done: () => also?.done(),
  }
}

/** Rows between two turns of the event loop: to hash one takes some microseconds. */
const stride = 500
