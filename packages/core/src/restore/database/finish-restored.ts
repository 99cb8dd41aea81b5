import type { ConnectionParameters } from '../../postgres/connection.ts'
import type { RanOnCopy } from '../restore-result.ts'
import type { RestoreRun } from '../restore-run.ts'
import { checkInvariants } from './check-invariants.ts'
import { checkSteppedBack } from './check-stepped-back.ts'
import { changeRestoredData } from './data-migrations.ts'
import { migrateRestored } from './migrate-copy.ts'
import { runCarriedSteps } from './run-carried.ts'
import { validateRestored } from './validate-copy.ts'

export const nothingRan = (): RanOnCopy => ({ migrations: [], reverted: [], dataMigrations: [], validators: [] })

interface FinishSteps {
  /** In place of the inspectors' forward migrations; gives the ids that ran. */
  migrate?: () => Promise<string[]>
  /** Once the schema is the code's. */
  migrated?: () => Promise<void>
}

/**
 * Brings restored rows to the code: migrations between the application's own checks and changes. What ran is added to
 * `ran` as it is done, so that it is known after a failure too.
 */
export async function finishRestored(
  run: RestoreRun,
  parameters: ConnectionParameters,
  ran: RanOnCopy,
  { migrate = () => migrateRestored(run, parameters), migrated }: FinishSteps = {},
): Promise<void> {
  // What was true of the rows is not true of masked ones.
  if (!run.options.masked) await checkInvariants(run, parameters)
  ran.validators.push(...(await validateRestored(run, parameters, 'before')))
  await changeRestoredData(run, parameters, { when: 'before', done: ran.dataMigrations })
  if (run.carried.length > 0) {
    ran.reverted.push(...(await stepBack(run, parameters)))
    await checkSteppedBack(run, parameters)
  }
  if (run.options.migrate) ran.migrations.push(...(await migrate()))
  await migrated?.()
  await changeRestoredData(run, parameters, { when: 'after', done: ran.dataMigrations })
  ran.validators.push(...(await validateRestored(run, parameters, 'after')))
}

function stepBack(run: RestoreRun, parameters: ConnectionParameters): Promise<string[]> {
  const { id: restoreId, context, carried: steps, signal, report } = run
  run.progress.phase('migrate')
  const { inspectors, downSteps: { timeoutMs } = { timeoutMs: 600_000 } } = context
  return runCarriedSteps({ restoreId, parameters, inspectors, steps, timeoutMs, signal, report })
}
