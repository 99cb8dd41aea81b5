import { adviceFor, changesRows, namesTable } from './statements.ts'

/** What a rehearsal reports. Plain JSON with the names of the HTTP contract; without texts or numbers of statements. */
export interface Rehearsal {
  backup: { id: string; number: number; created_at: string; database: string }
  /** Whether everything ran and nothing was blocked for longer than the limits. */
  ok: boolean
  /** What was pending by inspector; empty where the backup is at the code's state already. */
  runs: RehearsedRun[]
  findings: Finding[]
  /** What stopped it. */
  error: { code: string; text: string } | null
  limits: RehearsalLimits
  /** The longest time between two looks at the locks: what was held for less may have been missed. */
  resolution_ms: number
  growth_bytes: number
  /** Write-ahead log of the whole server during the rehearsal; null where the server does not show it. */
  wal_bytes_at_most: number | null
  /** Age of the oldest transaction of the live database now: a lock waits behind it, and others behind the lock. */
  longest_live_transaction_ms: number | null
  /** Names of the validators that passed. */
  validators: string[]
  data_migrations: string[]
  restore_milliseconds: number
  milliseconds: number
}

/** How long migrations may block others, in milliseconds, before a rehearsal says no. */
export interface RehearsalLimits {
  max_blocked_reads_ms: number
  max_blocked_writes_ms: number
  /** Locks on tables with fewer rows are no finding. */
  min_rows: number
}

/** One call of the tool: it decides what is one transaction, so that its migrations are measured together. */
export interface RehearsedRun {
  inspector: string
  direction: 'up' | 'down'
  migrations: string[]
  ok: boolean
  milliseconds: number
  error: string | null
  locks: RehearsedLock[]
  tables: RehearsedTable[]
  statements: { sql: string; milliseconds: number }[]
}

/** A lock that a migration held on a table, and what it blocks. */
export interface RehearsedLock {
  table: string
  mode: string
  blocks: 'reads and writes' | 'writes' | 'schema changes'
  held_ms: number
  /** Whether it was still held after the statement that took it: others wait until COMMIT. */
  until_commit: boolean
  rows: number
  bytes: number
  /** What the session ran when the lock was taken, in its order; of several statements, those that name the table. */
  statements: string[]
}

/** What a migration did to the rows and the file of one table. */
export interface RehearsedTable {
  table: string
  rows: number
  /** Rewritten, by the number of its file. */
  rewritten: boolean
  inserted: number
  updated: number
  deleted: number
  growth_bytes: number
}

/** What a rehearsal found that would block the application, with the advice against it. */
export interface Finding {
  code: 'READS_BLOCKED' | 'WRITES_BLOCKED' | 'REWRITTEN'
  /** `blocks` is over a limit; `notice` is worth knowing. */
  severity: 'blocks' | 'notice'
  table: string
  inspector: string
  text: string
  /** What to write instead, with a stable code each. */
  advice: { code: string; advice: string }[]
}

/** What of the measures is worth telling. Pure. */
export function findingsOf(runs: readonly RehearsedRun[], limits: RehearsalLimits): Finding[] {
  return runs.flatMap((run) => [
    ...run.locks.flatMap((lock) => lockFinding(run, lock, limits)),
    ...rewrites(run, limits),
  ])
}

function lockFinding(run: RehearsedRun, lock: RehearsedLock, limits: RehearsalLimits): Finding[] {
  if (lock.rows < limits.min_rows || lock.blocks === 'schema changes') return []
  const isRead = lock.blocks === 'reads and writes'
  const limit = isRead ? limits.max_blocked_reads_ms : limits.max_blocked_writes_ms
  if (lock.held_ms <= limit) return []
  return [
    {
      code: isRead ? 'READS_BLOCKED' : 'WRITES_BLOCKED',
      severity: 'blocks',
      table: lock.table,
      inspector: run.inspector,
      text: `${lock.blocks} blocked for ${lock.held_ms} ms (limit ${limit} ms)`,
      advice: adviceOn(run, lock),
    },
  ]
}

function adviceOn(run: RehearsedRun, lock: RehearsedLock): Finding['advice'] {
  const found = new Map(lock.statements.flatMap(adviceFor).map((one) => [one.code, one]))
  const others = run.statements.filter(({ sql }) => changesRows(sql) && namesTable(sql, lock.table))
  if (lock.until_commit && others.length > 0)
    found.set('ROWS_CHANGED_UNDER_LOCK', {
      code: 'ROWS_CHANGED_UNDER_LOCK',
      advice: 'Change the rows after COMMIT, in batches, in a migration of its own.',
    })
  if (lock.until_commit)
    found.set('HELD_TO_COMMIT', {
      code: 'HELD_TO_COMMIT',
      advice: 'The lock is held until COMMIT: put the statement into a migration of its own, and set lock_timeout.',
    })
  return [...found.values()]
}

function rewrites(run: RehearsedRun, { min_rows }: RehearsalLimits): Finding[] {
  return run.tables
    .filter(({ rewritten, rows }) => rewritten && rows >= min_rows)
    .map(({ table, rows }) => ({
      code: 'REWRITTEN',
      severity: 'notice',
      table,
      inspector: run.inspector,
      text: `the table was rewritten (${rows} rows)`,
      advice: [
        ...new Map(
          run.statements
            .flatMap(({ sql }) => adviceFor(sql))
            .flatMap((one) => (rewriting.has(one.code) ? [[one.code, one]] : [])),
        ).values(),
      ],
    }))
}

const rewriting = new Set(['TYPE_CHANGED', 'COLUMN_FILLED_BY_REWRITE', 'TABLE_REWRITTEN'])
