/** What was asked of a rewind. Plain JSON: it is part of the plan, and of its hash. */
export interface RewindOptions {
  backupId: string
  /** `table` or `schema.table`; empty: all of them but migration ledgers. */
  tables: string[]
  /** Keep rows that were added since: only changed and deleted rows are taken back. */
  keepNew: boolean
  /** `keep`: sequences stay where they are, so that no number is given out twice. `exact`: back to where they were. */
  sequences: 'keep' | 'exact'
  /** Names of refusals to go past, as the plan gives them. */
  overrides: string[]
  safetyBackup: boolean
  /** Of the rows that differ, these only. Left out: all of them. */
  choice?: RowChoice | TenantChoice
}

/** The rows of one table that a patch puts back: those of the backup that meet a condition. Rows added since stay. */
export interface RowChoice {
  kind: 'rows'
  /** An SQL condition on a row of the backup; `null`: all of them. */
  where: string | null
  /** What becomes of a row that has changed since: `backup` replaces it, `live` leaves it. */
  onConflict: 'backup' | 'live'
}

/** All rows of one tenant: those from which foreign keys lead to its row in the tenant table. What it has since is taken out. */
export interface TenantChoice {
  kind: 'tenant'
  /** The tenant table: `table` or `schema.table`. */
  table: string
  /** Its column that tells tenants apart; `null`: its primary key. */
  key: string | null
  /** The tenant's value of it, as text. */
  value: string
}

export const defaultRewindOptions: Omit<RewindOptions, 'backupId'> = {
  tables: [],
  keepNew: false,
  sequences: 'keep',
  overrides: [],
  safetyBackup: true,
}
