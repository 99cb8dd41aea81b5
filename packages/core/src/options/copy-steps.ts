import { z } from 'zod'
import { differentNames } from './names.ts'

/** What a step of the application's own on a restored copy works with. The URL is the copy's. */
export interface CopyStepRun {
  databaseUrl: string
  signal: AbortSignal
  log(message: string): void
}

interface CopyStep {
  name: string
  /** `before`: rows loaded, not migrated yet. `after` (default): migrated. */
  when?: 'before' | 'after'
}

/**
 * A check of the application's own on a restored copy, before and after its migrations ran: a function that throws, or a
 * query. Without `expect` the query has to give no rows; with it, one row whose first value is that one. It runs in a
 * read-only transaction under the search path of the database. A check that fails refuses the copy: the restore stops and
 * the live database stays as it was.
 */
export type Validator = CopyStep &
  ({ validate(run: CopyStepRun): Promise<void> } | { sql: string; expect?: string | number | boolean | null })

/**
 * A change of the application's own to the rows of a restored copy. Of the same `when` they run in the order in which they
 * are given: those `before` ahead of the migrations, the others once these have run. `sql` and the SQL in `file` run in one
 * transaction, under the search path of the database. One that fails stops the restore; the live database stays as it was.
 */
export type DataMigration = CopyStep &
  ({ run(run: CopyStepRun): Promise<void> } | { sql: string } | { file: string | URL })

export const validatorsOption = z
  .array(z.custom<Validator>(isValidator, 'a validator: { name, validate(run) } or { name, sql, expect }'))
  .refine(...differentNames)
export const dataMigrationsOption = z
  .array(z.custom<DataMigration>(isDataMigration, 'a data migration: { name, sql }, { name, file } or { name, run }'))
  .refine(...differentNames)

function isValidator(value: unknown): value is Validator {
  if (!isCopyStep(value)) return false
  const [validate, sql, expected] = ['validate', 'sql', 'expect'].map((name) => Reflect.get(value, name))
  if (typeof validate === 'function') return sql === undefined && expected === undefined
  const isPlain = expected === null || ['undefined', 'string', 'number', 'boolean'].includes(typeof expected)
  return validate === undefined && isText(sql) && isPlain
}

function isDataMigration(value: unknown): value is DataMigration {
  if (!isCopyStep(value)) return false
  const given = ['run', 'sql', 'file'].map((name): unknown => Reflect.get(value, name))
  const [run, sql, file] = given
  if (given.filter((one) => one !== undefined).length !== 1) return false
  return typeof run === 'function' || isText(sql) || isText(file) || file instanceof URL
}

function isCopyStep(value: unknown): value is CopyStep {
  if (typeof value !== 'object' || value === null) return false
  const name: unknown = Reflect.get(value, 'name')
  return isText(name) && name.length <= 200 && [undefined, 'before', 'after'].includes(Reflect.get(value, 'when'))
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== ''
