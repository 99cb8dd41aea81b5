import type { Query } from '../postgres/query.ts'

/**
 * What the engine needs to know of a migration tool. It receives only what it needs: a way to ask the database (the
 * exported snapshot at backup, the restored copy at restore) and, to migrate, the URL of the copy.
 */
export interface MigrationInspector {
  /** Unique among the inspectors of an engine; part of the manifest, e.g. `kysely`. */
  readonly name: string
  /** The tables in which the tool keeps its history: `schema.table` or `table` (schema public). */
  readonly ledgerTables: readonly string[]
  /**
   * `strict` (default): the tool insists that what is applied is a beginning of what the code knows, in that order.
   * `any`: it fills gaps, wherever they are. Decides whether a gap is `behind` or `diverged`.
   */
  readonly order?: MigrationOrder
  /**
   * `list` (default): the ledger has a row per migration. `pointer`: it holds only where the database stands, and what
   * was applied follows from the code's own order (golang-migrate, Alembic).
   */
  readonly shape?: LedgerShape
  /**
   * What the tool puts into one transaction by itself: `all` that is pending, `each` migration, or `none`. Absent: the
   * files decide, or it is not known.
   */
  readonly transaction?: 'all' | 'each' | 'none'
  /** Ids that may be in a ledger without a file: squashed away, or a baseline. They never make a database `ahead`. */
  readonly retired?: readonly string[]
  /**
   * The migrations the database says have been applied, in their order. An empty or missing ledger gives `[]`; `null`
   * says that the tool itself refuses this database (tables, but no ledger), so that nothing can be concluded.
   */
  applied(query: Query): Promise<Migration[] | null>
  /** The migrations the code knows, in their order. Read from files or modules, never by asking the tool. */
  known(): Promise<Migration[]>
  /**
   * Removes locks that a crashed run left in the tool's own table and that came along in the backup. Only ever called on
   * a copy that nothing else uses. Gives what it removed, for the log.
   */
  clearLocks?(query: Query): Promise<string[]>
  /** Runs the missing migrations forward, or up to and including `to`. Absent: the engine cannot migrate. */
  migrate?(run: MigrationRun & { to?: string }): Promise<void>
  /**
   * The same inspector with the migrations of another folder, such as a checkout of a pull request. Absent: what runs is
   * found by the tool's own configuration.
   */
  from?(folder: string): MigrationInspector
  /** The SQL of a known migration; `null` where it is code. Read before a deploy, for what the tool cannot take back. */
  upStep?(id: string): Promise<string | null>
  /**
   * The SQL of the down step of a known migration, as the tool itself would run it: what backups carry. `null` where there
   * is none, or where it is code.
   */
  downStep?(id: string): Promise<string | null>
  /** Deletes the row of a migration whose down step was run without the tool. */
  forget?(query: Query, id: string): Promise<void>
  /** Runs down steps until `to` is the last applied migration (`null`: none). Absent: no way back. */
  rollback?(run: MigrationRun & { to: string | null }): Promise<void>
}

/** `strict`: a migration that is missing before an applied one is an error. `any`: only the set counts. */
export type MigrationOrder = 'strict' | 'any'
/** `list`: the migrations table has a row for each applied migration. `pointer`: it names the last one alone. */
export type LedgerShape = 'list' | 'pointer'

/** One migration, as the migrations table or the source of the application knows it. */
export interface Migration {
  /** What is compared. */
  id: string
  /** What people read, where the id says little to them (Drizzle 0.x: a number of milliseconds). */
  label?: string
  /**
   * Other names of the same migration: with another extension, or as another version of the tool writes it. A row and a
   * file that share a name are one migration.
   */
  aliases?: string[]
  /** The tool's own checksum, only where it keeps one. */
  checksum?: string
  /** Of a known migration: other checksums that stand for the same text (other line ends). */
  equalChecksums?: string[]
  appliedAt?: string
  /** Hash of what the source says, without comments and white space where the tool's files are SQL. */
  sourceHash?: string
  /** `failed`: begun and not finished, by the ledger's own word. Default `applied`. */
  state?: 'applied' | 'failed'
  /** Of a known migration that runs again whenever it changes (Flyway's `R__`): another checksum means that it has to run. */
  repeatable?: boolean
  /** Ids of migrations this one was made of (a squash): their rows need no file any more. */
  replaces?: string[]
  /** Of a known migration in a history with branches: the ids it comes after. */
  parents?: string[]
  /** Whether there is a down step; absent where that is not known. */
  hasDown?: boolean
  /** What is wrong with a known migration by its own file; a plan shows it as a warning. */
  warning?: string
}

/** What an inspector is given to run migrations with. */
export interface MigrationRun {
  /** Always the copy beside the live database, never the host's own connection. */
  databaseUrl: string
  signal: AbortSignal
  log(message: string): void
}
