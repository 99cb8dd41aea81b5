import { EngineError, isEngineError } from '../errors.ts'
import { log } from '../events.ts'
import { type ConnectionParameters, connectionUrl } from '../postgres/connection.ts'
import type { RestoreRun } from './restore-run.ts'

/** Runs the application's own checks. One that throws stops the restore with `VALIDATION_FAILED`. */
export async function validateRestored(
  { context, signal, report, progress }: RestoreRun,
  parameters: ConnectionParameters,
  when: 'before' | 'after',
): Promise<void> {
  const validators = (context.validators ?? []).filter((validator) => (validator.when ?? 'after') === when)
  if (validators.length > 0) progress.phase(`validate-${when}`)
  for (const validator of validators) {
    try {
      await validator.validate({
        databaseUrl: connectionUrl(parameters),
        signal: signal ?? new AbortController().signal,
        log: (message) => log(report, 'info', message),
      })
    } catch (error) {
      if (isEngineError(error, 'ABORTED')) throw error
      const why = error instanceof Error ? error.message : String(error)
      throw new EngineError('VALIDATION_FAILED', `Validator "${validator.name}" refused the restored data: ${why}`, {
        cause: error,
        detail: { validator: validator.name },
      })
    }
  }
}
