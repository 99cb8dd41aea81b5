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
  /** The migrations the database says have been applied, in their order. An empty or missing ledger gives `[]`. */
  applied(query: Query): Promise<Migration[]>
  /** The migrations the code knows, in their order. */
  known(): Promise<Migration[]>
  /** Runs the missing migrations forward, or up to and including `to`. Absent: the engine cannot migrate. */
  migrate?(run: MigrationRun & { to?: string }): Promise<void>
  /** Runs down steps until `to` is the last applied migration (`null`: none). Absent: no way back. */
  rollback?(run: MigrationRun & { to: string | null }): Promise<void>
}

export type MigrationOrder = 'strict' | 'any'

export interface Migration {
  id: string
  /** The tool's own checksum, only where it keeps one. */
  checksum?: string
  appliedAt?: string
  /** Hash of the source file where there is one. A difference only warns: builds change it. */
  sourceHash?: string
}

export interface MigrationRun {
  /** Always the copy beside the live database, never the host's own connection. */
  databaseUrl: string
  signal: AbortSignal
  log(message: string): void
}
