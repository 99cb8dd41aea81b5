import type { RehearsedLock, RehearsedRun, RehearsedTable } from '../../migrations/rehearsal/rehearsal.ts'
import { plainStatements, statementsAbout } from '../../migrations/rehearsal/statements.ts'
import type { ConnectionParameters } from '../../postgres/connection.ts'
import { blockingModes, type LockSamples, type SampledLock, sampleLocks } from '../../postgres/lock-sampler.ts'
import { openSession } from '../../postgres/session.ts'
import { measureTables, type TableMeasure } from '../../postgres/table-measures.ts'

/** What one run did to the tables that were there before it. */
export type Watched = Pick<RehearsedRun, 'locks' | 'tables' | 'statements' | 'milliseconds'> & {
  resolutionMs: number
  failure: unknown
}

/** Statements are told from the longest on. */
const mostStatements = 20

/**
 * Lets `work` change a database that nothing else uses, while a second connection looks at the locks. What it fails with is
 * in the result. `rows` knows how many rows a table (`schema.table`) had.
 */
export async function watchRun(
  parameters: ConnectionParameters,
  { ignored, rows, signal }: { ignored: readonly number[]; rows: RowCounts; signal?: AbortSignal | undefined },
  work: () => Promise<unknown>,
): Promise<Watched> {
  const session = await openSession(parameters, { application: 'rehearsal watch', ...(signal ? { signal } : {}) })
  try {
    const before = await measureTables(session.query)
    const sampler = sampleLocks(session.query, ignored)
    const started = performance.now()
    const failure = await work().then(
      () => undefined,
      (error: unknown) => error ?? new Error('no reason given'),
    )
    const milliseconds = Math.round(performance.now() - started)
    const samples = await sampler.stop()
    const after = await measureTables(session.query)
    return { ...watched(samples, before, after, rows), milliseconds, resolutionMs: samples.resolutionMs, failure }
  } finally {
    await session.close()
  }
}

export type RowCounts = (table: string) => number

/**
 * Measures and samples put together. Tables that the run itself created are left out: no other session uses them yet.
 * Pure.
 */
export function watched(
  { locks, statements }: LockSamples,
  before: ReadonlyMap<string, TableMeasure>,
  after: ReadonlyMap<string, TableMeasure>,
  rows: RowCounts,
): Pick<Watched, 'locks' | 'tables' | 'statements'> {
  return {
    locks: longestLocks(locks.flatMap((lock) => rehearsedLock(lock, before, rows))),
    tables: [...before.values()].flatMap((was) => changedTable(was, after.get(was.oid), rows)),
    statements: statements
      .toSorted((a, b) => b.milliseconds - a.milliseconds)
      .slice(0, mostStatements)
      .map(({ sql, milliseconds }) => ({
        sql: plainStatements(sql).join('; '),
        milliseconds: Math.round(milliseconds),
      })),
  }
}

function rehearsedLock(
  { relation, mode, from, to, statements, outlivedStatement }: SampledLock,
  before: ReadonlyMap<string, TableMeasure>,
  rows: RowCounts,
): RehearsedLock[] {
  const table = before.get(relation)
  if (!table) return []
  return [
    {
      table: table.name,
      mode: mode
        .replace(/Lock$/, '')
        .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
        .toUpperCase(),
      blocks: blockingModes[mode],
      held_ms: Math.round(to - from),
      until_commit: outlivedStatement,
      rows: rows(table.name),
      bytes: table.bytes + table.indexBytes,
      statements: statementsAbout(statements.join(';\n'), table.name),
    },
  ]
}

const strength = { 'schema changes': 0, writes: 1, 'reads and writes': 2 }

/** Of a table the longest that blocks the same, and none that a stronger one covers. */
function longestLocks(locks: readonly RehearsedLock[]): RehearsedLock[] {
  const sorted = locks.toSorted((a, b) => strength[b.blocks] - strength[a.blocks] || b.held_ms - a.held_ms)
  const kept: RehearsedLock[] = []
  for (const lock of sorted) {
    const isCovered = kept.some(
      (other) => other.table === lock.table && (other.blocks === lock.blocks || other.held_ms >= lock.held_ms),
    )
    if (!isCovered) kept.push(lock)
  }
  return kept
}

function changedTable(was: TableMeasure, is: TableMeasure | undefined, rows: RowCounts): RehearsedTable[] {
  // Dropped by the run: what is left of it is nothing.
  const now = is ?? { ...was, bytes: 0, indexBytes: 0 }
  const changed = {
    rewritten: is !== undefined && was.file !== null && is.file !== was.file,
    inserted: now.inserted - was.inserted,
    updated: now.updated - was.updated,
    deleted: now.deleted - was.deleted,
    growth_bytes: now.bytes + now.indexBytes - was.bytes - was.indexBytes,
  }
  if (Object.values(changed).every((value) => value === 0 || value === false)) return []
  return [{ table: was.name, rows: rows(was.name), ...changed }]
}
