import { EngineError } from '../errors.ts'
import { sqlState } from '../postgres/database-errors.ts'
import { qualifiedName } from '../postgres/identifiers.ts'
import { type ScannedRange, type ScanResult, scanSegments } from '../postgres/scan-segments.ts'
import type { Session } from '../postgres/session.ts'
import type { ChunkIndex } from '../repository/chunks/chunk-index.ts'
import type { Change, Segment } from '../repository/documents/documents.ts'
import { readSegments } from '../repository/documents/manifest-chunks.ts'
import { comparableSegment, voidedTable } from './compare-table.ts'
import { countsFresh, estimateFresh } from './estimate-fresh.ts'
import type { Base } from './find-base.ts'
import type { FingerprintedTable, PlannedTable } from './plan-tables.ts'
import type { RowChange } from './readable.ts'
import { type ScanTask, scanTasks } from './scan-tasks.ts'

/**
 * Scans every table that can be compared with the base, several at a time, and finds the segments that are unchanged. A
 * segment is unchanged when it has as many rows as then, none of which may be newer than the base's snapshot; then they
 * are the same rows in the same places. Its chunks must also be there, and not about to be deleted.
 *
 * @throws EngineError `DATABASE_CHANGED` when a table's name turns out to mean another one.
 */
export async function detectChanges(run: {
  planned: readonly PlannedTable<FingerprintedTable>[]
  base: Base
  /** The one that holds the locks; it scans what others cannot lock. */
  main: Session
  /** Settles when nothing else is asked of the main session. */
  mainIsFree: Promise<unknown>
  /** Opens one more session that sees the snapshot. */
  open(): Promise<Session>
  connections: number
  /** For tests, which must see that a weaker one fails. */
  rule?: typeof isUnchanged
}): Promise<RowChange[]> {
  const { planned, base, main, rule = isUnchanged } = run
  const changes = planned.map(({ table, ranges }): RowChange => {
    const voided = voidedTable(base.tables.get(table.oid), table)
    return { takenOver: ranges.map(() => undefined), counted: null, voided }
  })
  const compared = planned.flatMap((plan, index) => (changes[index]!.voided === null ? [{ ...plan, index }] : []))
  const scanned: ScannedRange[][] = planned.map(() => [])
  const tasks = scanTasks(compared)
  let mainTurn: Promise<unknown> = run.mainIsFree

  async function work(session: Session): Promise<void> {
    for (let task = tasks.shift(); task; task = tasks.shift()) {
      let results = await scanLocked(session, task, base.manifest.snapshot.xmin)
      if (results === null) {
        const contested = task
        const turn = mainTurn.then(() => scanTask(main, contested, base.manifest.snapshot.xmin))
        mainTurn = turn.catch(() => {})
        results = await turn
      }
      record(task, results)
    }
  }

  function record(task: ScanTask, results: ScanResult[]): void {
    task.tables.forEach(({ index, firstSegment, schema, name }, position) => {
      const result = results[position]!
      if (!Array.isArray(result)) {
        changes[index]!.voided = `not read by blocks (${result.unexpectedPlan})`
        return
      }
      result.forEach((range, offset) => {
        if (range.foreign)
          throw new EngineError('DATABASE_CHANGED', `${schema}.${name} became another table while it was read.`)
        scanned[index]![firstSegment + offset] = range
      })
    })
  }

  const sessions = Math.min(run.connections, tasks.length)
  await Promise.all(
    Array.from({ length: sessions }, async () => {
      const session = await run.open()
      await work(session).finally(() => session.close())
    }),
  )
  for (const { table, ranges, index } of compared) {
    const change = changes[index]!
    if (change.voided !== null) continue
    const earlier = new Map<number, Segment>()
    for await (const segment of readSegments(base.reader, base.tables.get(table.oid)!.segments))
      earlier.set(segment.start, segment)
    change.counted = ranges.map((_, segment) => scanned[index]![segment]!.rows)
    change.freshRows = sumOf(scanned[index]!.map(({ freshRows }) => freshRows))
    change.takenOver = ranges.map((range, segment) => {
      const before = comparableSegment(earlier, range)
      return before && rule(before, scanned[index]![segment]!) && isStored(base.index, before) ? before : undefined
    })
  }
  return changes
}

/** `null`: another session waits for one of the tables, so only the session that holds its lock can read it. */
async function scanLocked(session: Session, task: ScanTask, xmin: string): Promise<ScanResult[] | null> {
  const names = task.tables.map((table) => `ONLY ${qualifiedName(table)}`)
  await session.query('SAVEPOINT task')
  try {
    await session.query(`LOCK TABLE ${[...new Set(names)].join(', ')} IN ACCESS SHARE MODE NOWAIT`)
  } catch (error) {
    if (sqlState(error) !== '55P03') throw error
    await session.query('ROLLBACK TO SAVEPOINT task')
    return null
  }
  const results = await scanTask(session, task, xmin)
  await session.query('ROLLBACK TO SAVEPOINT task')
  return results
}

async function scanTask({ query }: Session, task: ScanTask, xmin: string): Promise<ScanResult[]> {
  const results = await scanSegments(query, task.tables, xmin, { countFresh: countsFresh(task) })
  if (!countsFresh(task)) await estimateFresh(query, task, { results, xmin })
  return results
}

/** Undefined where a part is not known. */
function sumOf(parts: readonly (number | undefined)[]): number | undefined {
  return parts.reduce<number | undefined>(
    (sum, part) => (sum === undefined || part === undefined ? undefined : sum + part),
    0,
  )
}

/** The rule. */
export function isUnchanged(before: { rows: number }, { rows, fresh, foreign }: ScannedRange): boolean {
  return !fresh && rows === before.rows && !foreign
}

/** Every chunk is in a pack that is there and that no prune is about to delete. */
export function isStored(index: ChunkIndex, { chunks }: Pick<Segment, 'chunks'>): boolean {
  return chunks.every((id) => {
    const pack = index.find(id)?.pack
    return pack !== undefined && index.pack(pack)?.state === 'good'
  })
}

/** How a table's rows came into the backup, for `show`. */
export function describeChange(change: RowChange, segmentsRead: number): Change {
  const segments = change.takenOver.length
  if (change.voided !== null) return { kind: 'read', reason: `full: ${change.voided}`, segments_read: segmentsRead }
  const changed = change.takenOver.filter((segment) => segment === undefined).length
  const { proof = 'scan' } = change
  if (changed === 0) {
    const reason = proof === 'idle' ? 'no transaction has ended since' : 'unchanged'
    return { kind: 'unchanged', reason, proof, segments_read: segmentsRead }
  }
  const kind = changed === segments ? 'read' : 'partial'
  const reason = `${changed} of ${segments} segment${segments === 1 ? '' : 's'}`
  const fresh = change.freshRows === undefined ? {} : { fresh_rows: change.freshRows }
  return { kind, reason, ...(kind === 'partial' ? { proof } : {}), segments_read: segmentsRead, ...fresh }
}
