import { EngineError } from '../errors.ts'
import type { RestoreContext, Running } from '../restore/options.ts'
import { createHostPause } from '../threads/yield-to-host.ts'
import { openBaseline } from './baseline.ts'
import { compareRows } from './compare-rows.ts'
import { createDifferenceDigest, type RowCounts } from './difference-digest.ts'
import { findPair, openLiveView, tableName } from './live-view.ts'
import { keyPositions, readPrimaryKeys } from './primary-keys.ts'
import { keyOf, rowValues } from './row-text.ts'
import { scanChanges } from './scan-changes.ts'
import { linesOf } from './whole-lines.ts'

/** A row that differs between a backup and the live table, by column; values as text, `null` for NULL. */
export interface LostRow {
  kind: 'inserted' | 'updated' | 'deleted'
  /** As the backup has it. */
  before: Record<string, string | null> | null
  /** As it is now. */
  now: Record<string, string | null> | null
}

export interface LostRows {
  table: string
  columns: string[]
  /** Columns of the primary key; empty where there is none: then a changed row shows as one deleted and one inserted. */
  key: string[]
  /** Exact counts; `null` where too many rows differ. */
  counts: RowCounts | null
  rows: LostRow[]
  /** How many rows differ beyond `rows`, those not looked at included. */
  more: number
}

/** Bytes of rows that are held to be shown. */
const heldBytes = 32 << 20

/**
 * The rows of one table that differ between a backup and the live database, old and new beside each other. Changes nothing.
 * Throws `HISTORY_DIFFERS` where the table's row headers prove nothing, and what `measureLoss` throws.
 */
export async function readLostRows(
  context: Pick<RestoreContext, 'repository' | 'database' | 'resources'>,
  request: { backupId: string; table: string; limit?: number; offset?: number },
  { signal, report }: Running = {},
): Promise<LostRows> {
  const { limit = 100, offset = 0 } = request
  const baseline = await openBaseline(context, request.backupId, { signal, report })
  const view = await openLiveView(context, baseline, { signal, report })
  try {
    const pair = findPair(view.pairs, request.table)
    const changes = await scanChanges(view, [pair])
    if (changes.length === 0)
      throw new EngineError('HISTORY_DIFFERS', `The rows of ${request.table} cannot be compared: ${pair.reason}.`)
    const { columns } = pair.record
    const key = (await readPrimaryKeys(view.snapshot.session.query, [pair.live.oid])).get(pair.live.oid)
    const positions = keyPositions(key, columns)
    const digest = createDifferenceDigest(positions)
    const held = createHeldRows(positions)
    const pause = createHostPause(500)
    await compareRows(view, changes, () => ({
      async gone(lines) {
        for (const line of linesOf(lines)) {
          digest.gone(line)
          held.add('before', line)
          await pause(1)
        }
      },
      fresh(_, line) {
        digest.fresh(line)
        held.add('now', line)
      },
      done() {},
    }))
    const counts = digest.counts()
    const all = held.rows()
    const rows = all.slice(offset, offset + limit).map(({ before, now }) => lostRow(before, now, columns))
    const differing = counts ? counts.inserted + counts.updated + counts.deleted : digest.goneRows + digest.freshRows
    return {
      table: tableName(pair.live),
      columns,
      key: positions ? key! : [],
      counts,
      rows,
      more: Math.max(0, differing - offset - rows.length),
    }
  } finally {
    await view.close()
  }
}

interface HeldRow {
  before?: Buffer
  now?: Buffer
}

/** Puts the two sides of a row together; what does not fit into memory is left out. */
function createHeldRows(key: readonly number[] | null) {
  const byKey = new Map<string, HeldRow>()
  let bytes = 0
  let unkeyed = 0
  return {
    add(side: 'before' | 'now', line: Buffer): void {
      if (bytes + line.length > heldBytes) return
      bytes += line.length + 200
      const id = key ? keyOf(line, key).toString('latin1') : `${line.toString('latin1')} ${unkeyed++}`
      const row = byKey.get(id) ?? {}
      row[side] = Buffer.from(line)
      byKey.set(id, row)
    },
    /** Without those that were written again as they were; changed ones first, then deleted, then added. */
    rows(): HeldRow[] {
      const order = ({ before, now }: HeldRow) => (before && now ? 0 : before ? 1 : 2)
      return [...byKey.values()]
        .filter(({ before, now }) => !(before && now && before.equals(now)))
        .sort((a, b) => order(a) - order(b))
    },
  }
}

function lostRow(before: Buffer | undefined, now: Buffer | undefined, columns: readonly string[]): LostRow {
  return {
    kind: before && now ? 'updated' : before ? 'deleted' : 'inserted',
    before: before ? rowValues(before, columns) : null,
    now: now ? rowValues(now, columns) : null,
  }
}
