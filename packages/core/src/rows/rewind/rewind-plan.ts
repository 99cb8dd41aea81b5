import { createHash } from 'node:crypto'
import { counted, withThousands } from '../../counted.ts'
import { EngineError, type ErrorCode } from '../../errors.ts'
import type { RowCounts } from '../difference-digest.ts'
import type { Comparability } from '../pair-tables.ts'
import type { RewindOptions } from './options.ts'

/** Everything {@link rewindPlan} looks at. Plain JSON, so that tables of cases can be written down. */
export interface RewindFacts {
  options: RewindOptions
  backup: {
    id: string
    number: number
    checksum: string
    created_at: string
    database: string
    /** Of all its tables. */
    rows: number
    largeObjects: number
  }
  database: string
  inRecovery: boolean
  subscriptions: string[]
  /** Tables in scope that were compared. */
  tables: ComparedTable[]
  /** Tables in scope that cannot be compared, with the reason. */
  incomparable: { table: string; reason: string; rows: number; schemaChanged: boolean }[]
  /** Tables of the backup that are no more, and those made since. */
  dropped: string[]
  made: string[]
  /** Migration ledgers that are not as they were. */
  changedLedgers: string[]
  rights: RewindRights
  /** What stood in the way of choosing rows. */
  refusals: RewindRefusal[]
  /** Where the rows of one tenant are asked for. */
  tenant?: PlannedTenant
}

/** By what rows belong to a tenant, and what is left alone because nothing leads from it to the tenant table. */
export interface PlannedTenant {
  /** The tenant table first, then those nearest to it. */
  tables: { table: string; via: { columns: string[]; parent: string }[] }[]
  left: string[]
  /** Tables made since that have rows of tenants, which stay; and all tables of the backup that are no more. */
  made: string[]
  dropped: string[]
}

/** Whether all tables are asked for. */
export const isWhole = ({ tables, choice }: RewindOptions): boolean => tables.length === 0 && choice === undefined

/** A table that was compared, and what would be done to it. */
export interface ComparedTable {
  table: string
  way: Comparability
  /** Rows the backup has. */
  rows: number
  putBack: number
  takeOut: number
  counts: RowCounts | null
  bytes: number
  hasKey: boolean
  hash: string
}

export interface RewindRights {
  /** Whether the session may act as a replica, which leaves ordinary triggers and foreign keys aside. */
  replicaRole: boolean
  temporaryTables: boolean
  /** Of the changed tables: those that the role cannot write to. */
  notWritable: string[]
  /** Of the changed tables: those of another owner. */
  notOwned: string[]
  /** Triggers that fire on replicas too, on tables of another owner. */
  stubbornTriggers: string[]
  /** Foreign keys that the owner's way would have to drop but cannot, or could not put back as they are. */
  stuckForeignKeys: string[]
  /** Rules that would answer for what is written, by way. */
  rules: { replica: string[]; owner: string[] }
}

/**
 * How triggers and foreign keys are left aside: by acting as a replica, which lets readers go on everywhere; or as the
 * owner of the tables, by dropping foreign keys and making them again, which locks the tables at both ends.
 */
export type RewindWay = 'replica' | 'owner'

export interface RewindPlan {
  /** SHA-256 of everything else in the plan: what a confirmation is bound to. */
  hash: string
  backup: RewindFacts['backup']
  database: string
  options: RewindOptions
  way: RewindWay | null
  /** Tables that would change, those with most rows first. */
  tables: Omit<ComparedTable, 'hasKey'>[]
  unchanged: number
  put_back: number
  take_out: number
  warnings: { code: string; text: string }[]
  refusals: RewindRefusal[]
  overridden: RewindRefusal[]
  tenant?: PlannedTenant
}

export interface RewindRefusal {
  code: ErrorCode
  text: string
  override?: string
}

/** Pure: the same facts give the same plan and the same hash. */
export function rewindPlan(facts: RewindFacts): RewindPlan {
  const { options } = facts
  const changed = facts.tables
    .filter(isChanged)
    .sort((a, b) => b.putBack + b.takeOut - (a.putBack + a.takeOut) || (a.table < b.table ? -1 : 1))
  const way = wayOf(facts.rights)
  const all = refusalsOf(facts, changed, way)
  const isOverridden = ({ override }: RewindRefusal) => override !== undefined && options.overrides.includes(override)
  const plan: Omit<RewindPlan, 'hash'> = {
    backup: facts.backup,
    database: facts.database,
    options,
    way,
    tables: changed.map(({ hasKey: _, ...table }) => table),
    unchanged: facts.tables.length - changed.length,
    put_back: changed.reduce((sum, { putBack }) => sum + putBack, 0),
    take_out: changed.reduce((sum, { takeOut }) => sum + takeOut, 0),
    warnings: warningsOf(facts),
    refusals: all.filter((refusal) => !isOverridden(refusal)),
    overridden: all.filter(isOverridden),
    ...(facts.tenant ? { tenant: facts.tenant } : {}),
  }
  return { hash: createHash('sha256').update(JSON.stringify(plan)).digest('hex'), ...plan }
}

/** Rows that were only written again with what they held are no change. */
export function isChanged({ putBack, takeOut, counts }: ComparedTable): boolean {
  if (counts === null) return putBack + takeOut > 0
  return counts.inserted + counts.updated + counts.deleted > 0
}

/** `null`: neither is possible. */
export function wayOf({
  replicaRole,
  stubbornTriggers,
  notOwned,
  stuckForeignKeys,
  rules,
}: RewindRights): RewindWay | null {
  if (replicaRole && stubbornTriggers.length === 0 && rules.replica.length === 0) return 'replica'
  if (notOwned.length === 0 && stuckForeignKeys.length === 0 && rules.owner.length === 0) return 'owner'
  return null
}

/**
 * Past this share of all rows of the backup a restore by swap is cheaper; with fewer rows than `cheapRows` it does not
 * matter.
 */
const cheapShare = 0.3
const cheapRows = 100_000

function refusalsOf(facts: RewindFacts, changed: ComparedTable[], way: RewindWay | null): RewindRefusal[] {
  const { options, rights, incomparable, dropped, changedLedgers } = facts
  const whole = isWhole(options)
  const refusals: RewindRefusal[] = []
  const refuse = (code: ErrorCode, text: string, override?: string) =>
    refusals.push({ code, text, ...(override ? { override } : {}) })
  if (facts.inRecovery) refuse('NO_RIGHTS', 'The server is a standby: nothing can be written there.')
  if (facts.subscriptions.length > 0)
    refuse('REPLICATION_TARGET', `Subscriptions write into the database: ${facts.subscriptions.join(', ')}.`)
  const altered = incomparable.filter(({ schemaChanged }) => schemaChanged)
  if (altered.length > 0)
    refuse('SCHEMA_CHANGED', `Columns or types changed since: ${list(altered.map(({ table }) => table))}.`)
  const left = incomparable.filter(({ schemaChanged }) => !schemaChanged)
  if (left.length > 0 && !whole)
    refuse('CONFIG_INVALID', left.map(({ table, reason }) => `${table} cannot be taken back: ${reason}.`).join(' '))
  if (whole && dropped.length > 0) refuse('SCHEMA_CHANGED', `Tables of the backup are no more: ${list(dropped)}.`)
  if (whole && changedLedgers.length > 0)
    refuse('LEDGER_CHANGED', `Migrations have run since the backup: ${list(changedLedgers)} changed.`)
  const keyless = changed.filter(({ hasKey }) => !hasKey).map(({ table }) => table)
  if (options.keepNew && keyless.length > 0) refuse('NO_PRIMARY_KEY', `No primary key: ${list(keyless)}.`)
  refusals.push(...facts.refusals)
  if (changed.length > 0) refusals.push(...rightsRefusals(rights, way))
  const moved = changed.reduce((sum, { putBack, takeOut }) => sum + Math.max(putBack, takeOut), 0)
  if (moved > cheapRows && moved > facts.backup.rows * cheapShare)
    refuse(
      'TOO_MUCH_CHANGED',
      `${counted(moved, 'row')} differ, and the whole backup has ${withThousands(facts.backup.rows)}.`,
      'too-much-changed',
    )
  return refusals
}

function rightsRefusals(rights: RewindRights, way: RewindWay | null): RewindRefusal[] {
  const refusals: RewindRefusal[] = []
  if (!rights.temporaryTables)
    refusals.push({ code: 'NO_RIGHTS', text: 'The role cannot make temporary tables: GRANT TEMPORARY ON DATABASE.' })
  if (rights.notWritable.length > 0)
    refusals.push({ code: 'NO_RIGHTS', text: `The role lacks INSERT or DELETE on ${list(rights.notWritable)}.` })
  if (way !== null) return refusals
  const { rules, replicaRole, stubbornTriggers, notOwned, stuckForeignKeys } = rights
  const inTheWay =
    replicaRole && stubbornTriggers.length === 0 ? rules.replica : notOwned.length === 0 ? rules.owner : []
  if (inTheWay.length > 0)
    refusals.push({ code: 'FOREIGN_RULES', text: `Rules answer for what is written: ${list(inTheWay)}.` })
  else {
    const why = [
      replicaRole ? null : 'the role cannot set session_replication_role',
      stubbornTriggers.length > 0 ? `triggers fire on replicas too: ${list(stubbornTriggers)}` : null,
      notOwned.length > 0 ? `it does not own ${list(notOwned)}` : null,
      stuckForeignKeys.length > 0 ? `foreign keys cannot be set aside: ${list(stuckForeignKeys)}` : null,
    ].filter((one) => one !== null)
    refusals.push({ code: 'NO_RIGHTS', text: `Triggers and foreign keys cannot be left aside: ${why.join('; ')}.` })
  }
  return refusals
}

function warningsOf(facts: RewindFacts): RewindPlan['warnings'] {
  const { options, incomparable, made, backup, tables } = facts
  const whole = isWhole(options)
  const warnings: RewindPlan['warnings'] = []
  const warn = (code: string, text: string) => warnings.push({ code, text })
  const left = incomparable.filter(({ schemaChanged }) => !schemaChanged)
  if (whole && left.length > 0)
    warn('TABLES_LEFT', `Left as they are: ${left.map(({ table, reason }) => `${table} (${reason})`).join(', ')}.`)
  if (whole && made.length > 0) warn('TABLES_MADE', `Tables made since are left as they are: ${list(made)}.`)
  if (whole && backup.largeObjects > 0) warn('LARGE_OBJECTS', 'Large objects are left as they are.')
  const { tenant } = facts
  if (tenant && tenant.made.length > 0)
    warn('TABLES_MADE', `The tenant's rows in tables made since are left as they are: ${list(tenant.made)}.`)
  if (tenant && tenant.dropped.length > 0)
    warn('TABLES_DROPPED', `Tables that are no more are not put back: ${list(tenant.dropped)}.`)
  const whollyRead = tables.filter(({ way }) => way === 'content').map(({ table }) => table)
  if (whollyRead.length > 0)
    warn('READ_WHOLE', `All rows are read, because row headers tell nothing: ${list(whollyRead)}.`)
  warn('NO_TRIGGERS', 'No trigger fires: what triggers keep elsewhere is taken back only where its table is in scope.')
  return warnings
}

function list(names: readonly string[]): string {
  return names.length > 10 ? `${names.slice(0, 10).join(', ')} and ${names.length - 10} more` : names.join(', ')
}

/** Throws the first refusal of a plan, by its code. */
export function requireNoRefusal({ refusals }: RewindPlan): void {
  const [first] = refusals
  if (first) throw new EngineError(first.code, first.text, { detail: { refusals } })
}
