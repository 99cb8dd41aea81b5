import { counted } from '../../counted.ts'
import { EngineError, isEngineError } from '../../errors.ts'
import type { Validator } from '../../options/copy-steps.ts'
import type { ConnectionParameters } from '../../postgres/connection.ts'
import type { RestoreRun } from '../restore-run.ts'
import { copyStepRun, withApplicationSession } from './copy-step.ts'

/** Runs the application's own checks and gives their names. One that fails stops the restore with `VALIDATION_FAILED`. */
export async function validateRestored(
  run: RestoreRun,
  parameters: ConnectionParameters,
  when: 'before' | 'after',
): Promise<string[]> {
  const validators = (run.context.validators ?? []).filter((validator) => (validator.when ?? 'after') === when)
  if (validators.length > 0) run.progress.phase(`validate-${when}`)
  for (const validator of validators) {
    const { name } = validator
    try {
      if ('validate' in validator) await validator.validate(copyStepRun(parameters, run))
      else await checkQuery(validator, parameters, run)
    } catch (error) {
      if (isEngineError(error, 'ABORTED')) throw error
      const why = error instanceof Error ? error.message : String(error)
      throw new EngineError('VALIDATION_FAILED', `Validator "${name}" refused the restored data: ${why}`, {
        cause: error,
        detail: { validator: name },
      })
    }
  }
  return validators.map(({ name }) => name)
}

type QueryValidator = Extract<Validator, { sql: string }>

/**
 * As part of a SELECT in a read-only transaction: it can neither write nor end the transaction. With a parameter it is sent
 * as one statement, so that no text gets out of it.
 */
async function checkQuery(validator: QueryValidator, parameters: ConnectionParameters, run: RestoreRun): Promise<void> {
  const sql = validator.sql.trim().replace(/;+\s*$/, '')
  await withApplicationSession(parameters, run, async (query) => {
    await query('BEGIN READ ONLY')
    if (validator.expect === undefined) {
      const [row] = await query<{ found: string }>(
        `SELECT pg_catalog.count(*)::text AS found FROM (\n${sql}\n) AS rows WHERE $1::boolean`,
        [true],
      )
      const found = Number(row?.found ?? 0)
      if (found > 0) throw new Error(`expected no rows, found ${counted(found, 'row')}.`)
      return
    }
    const rows = await query<{ value: string | null }>(
      `SELECT (SELECT value FROM pg_catalog.json_each_text(pg_catalog.row_to_json(found)) LIMIT 1) AS value
       FROM (\n${sql}\n) AS found LIMIT $1`,
      [2],
    )
    const [row] = rows
    if (!row || rows.length > 1) throw new Error(`expected one row, found ${row ? 'several' : 'none'}.`)
    if (!isSame(row.value, validator.expect))
      throw new Error(`expected ${validator.expect}, found ${row.value === null ? null : row.value.slice(0, 100)}.`)
  })
}

/** A number as a number: `0.00` is 0. */
function isSame(found: string | null, expected: string | number | boolean | null): boolean {
  if (found === null || expected === null) return found === expected
  return typeof expected === 'number' ? Number(found) === expected : found === String(expected)
}
