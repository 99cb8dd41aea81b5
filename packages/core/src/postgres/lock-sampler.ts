import { setTimeout as sleep } from 'node:timers/promises'
import type { Query } from './query.ts'

/** Modes of table locks that block other sessions, each with what has to wait for it. Weaker ones are left out. */
export const blockingModes = {
  AccessExclusiveLock: 'reads and writes',
  ExclusiveLock: 'writes',
  ShareRowExclusiveLock: 'writes',
  ShareLock: 'writes',
  ShareUpdateExclusiveLock: 'schema changes',
} as const
export type BlockingMode = keyof typeof blockingModes

/** A lock as it was seen, from sample to sample. Times in milliseconds of the server's clock. */
export interface SampledLock {
  pid: number
  /** Oid of the table or index. */
  relation: string
  mode: BlockingMode
  from: number
  to: number
  /**
   * The statements that can have taken it, in their order. Mostly one; a look reads statements and locks one after the
   * other, and a session goes on between two looks.
   */
  statements: string[]
  /** Whether it was still held when they had ended. */
  outlivedStatement: boolean
}

export interface SampledStatement {
  pid: number
  sql: string
  milliseconds: number
}

export interface LockSamples {
  locks: SampledLock[]
  statements: SampledStatement[]
  /** The longest time between two looks: what was shorter may have been missed. */
  resolutionMs: number
  looks: number
}

const intervalMs = 10
/** How long it waits for the sessions it has seen to end, so that the server has counted their rows. */
const goneWithinMs = 3000

/**
 * Looks every 10 ms, over a connection of its own, at the table locks of all other sessions of the database but
 * `ignored`. Nothing is injected into what runs, so it works for every tool; what is held for less than the time between
 * two looks may be missed.
 */
export function sampleLocks(query: Query, ignored: readonly number[]): { stop(): Promise<LockSamples> } {
  const seen = createSamples()
  let isStopped = false
  let failure: unknown
  const look = async () => {
    const rows = await query<SessionRow>(sessionsSql, [ignored])
    seen.add(rows)
    return rows.filter(({ pid }) => pid !== null).length
  }
  const looking = (async () => {
    while (!isStopped) {
      const started = performance.now()
      await look()
      await sleep(Math.max(0, intervalMs - (performance.now() - started)))
    }
    const deadline = performance.now() + goneWithinMs
    while ((await look()) > 0 && performance.now() < deadline) await sleep(intervalMs)
  })().catch((error: unknown) => {
    failure = error
  })
  return {
    async stop() {
      isStopped = true
      await looking
      if (failure !== undefined) throw failure
      return seen.result()
    },
  }
}

export interface SessionRow {
  at: number
  /** Null in the row that stands for a look at which there was no session. */
  pid: number | null
  sql: string
  active: boolean
  started: number | null
  ended: number | null
  /** When the locks had been read: after the statement, by as long as the server stood still between the two. */
  read: number
  locks: [relation: string, mode: string][] | null
}

const milliseconds = (time: string) => `(pg_catalog.date_part('epoch', ${time}) * 1000)`
/** A row for each session, and one without any where there is none: the time of the look is known in any case. */
const sessionsSql = `
  SELECT ${milliseconds('pg_catalog.clock_timestamp()')} AS at, a.pid, COALESCE(a.query, '') AS sql,
    a.state = 'active' AS active, ${milliseconds('a.query_start')} AS started, ${milliseconds('a.state_change')} AS ended,
    (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(l.relation::text, l.mode))
     FROM pg_catalog.pg_locks l
     WHERE l.pid = a.pid AND l.granted AND l.locktype = 'relation' AND l.relation::int8 >= 16384
       AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')) AS locks,
    ${milliseconds('pg_catalog.clock_timestamp()')} AS read
  FROM (SELECT 1) AS look LEFT JOIN pg_catalog.pg_stat_activity a
    ON a.datname = pg_catalog.current_database() AND a.backend_type = 'client backend'
      AND a.pid <> pg_catalog.pg_backend_pid() AND a.pid <> ALL ($1::int[])
      AND a.application_name <> 'lifeboat: inspector'`

/** What was seen, look by look. Pure: no clock but the one in the rows. */
export function createSamples() {
  const held = new Map<string, SampledLock>()
  const ended: SampledLock[] = []
  const statements = new Map<string, SampledStatement>()
  /** The sessions of the look before, each with the locks that were seen for the first time then. */
  let before = new Map<number, { row: SessionRow; fresh: SampledLock[] }>()
  let [last, resolutionMs, looks] = [Number.NaN, 0, 0]

  return {
    add(rows: readonly SessionRow[]): void {
      const at = Math.max(...rows.map((row) => row.at))
      if (looks > 0) resolutionMs = Math.max(resolutionMs, at - last)
      const present = new Set<string>()
      const sessions: typeof before = new Map()
      for (const row of rows) {
        if (row.pid === null) continue
        noteStatement(statements, row)
        const was = before.get(row.pid)
        for (const lock of was?.fresh ?? []) takenByNext(lock, was?.row, row)
        const fresh: SampledLock[] = []
        for (const [relation, mode] of row.locks ?? []) {
          if (!Object.hasOwn(blockingModes, mode)) continue
          const key = `${row.pid} ${relation} ${mode}`
          present.add(key)
          const known = held.get(key)
          const lock = known ?? begun(row, was?.row, { relation, mode: mode as BlockingMode, last })
          if (!known) fresh.push(lock)
          lock.to = at
          lock.outlivedStatement ||= !row.active || !lock.statements.includes(row.sql)
          held.set(key, lock)
        }
        sessions.set(row.pid, { row, fresh })
      }
      for (const [key, lock] of held) {
        if (present.has(key)) continue
        ended.push(lock)
        held.delete(key)
      }
      ;[last, before, looks] = [at, sessions, looks + 1]
    },
    result: (): LockSamples => ({
      locks: [...ended, ...held.values()],
      statements: [...statements.values()],
      resolutionMs: Math.ceil(resolutionMs),
      looks,
    }),
  }
}

/**
 * Taken after the look before, and not before the statement that holds it began: the one that is seen with it, or the one
 * that was still running at the look before.
 */
function begun(
  row: SessionRow,
  before: SessionRow | undefined,
  { relation, mode, last }: { relation: string; mode: BlockingMode; last: number },
): SampledLock {
  const isEarlier = before?.active && before.started !== null && before.started !== row.started
  const earliest = Math.max((isEarlier ? before.started : row.started) ?? row.at, Number.isNaN(last) ? row.at : last)
  const statements = isEarlier && before.sql !== row.sql ? [before.sql, row.sql] : [row.sql]
  const from = Math.min(row.at, earliest)
  return { pid: row.pid ?? 0, relation, mode, from, to: row.at, statements, outlivedStatement: false }
}

/** Adds the statement that is seen now where it had begun before the locks of the look before were read. */
function takenByNext(lock: SampledLock, before: SessionRow | undefined, now: SessionRow): void {
  if (!before || now.started === null || now.started === before.started || now.started > before.read) return
  if (!lock.statements.includes(now.sql)) lock.statements.push(now.sql)
  lock.outlivedStatement = false
}

/** By its start: a session that runs the same text twice has run two statements. */
function noteStatement(
  statements: Map<string, SampledStatement>,
  { at, pid, sql, active, started, ended }: SessionRow,
) {
  if (started === null || sql === '') return
  const until = active ? at : (ended ?? at)
  statements.set(`${pid} ${started}`, { pid: pid ?? 0, sql, milliseconds: Math.max(0, until - started) })
}
