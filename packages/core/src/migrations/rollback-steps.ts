import { EngineError } from '../errors.ts'
import type { Migration } from './inspector.ts'

/**
 * The migrations to revert, newest first, so that `to` is the newest that stays (`null`: none stays). Pure; everything
 * that could stop the way back in the middle is refused here, before a tool is started:
 *
 * - a migration the code does not know: tools revert the newest they know and leave the unknown one (Umzug, dbmate);
 * - one that began and did not finish;
 * - one without a down step: tools drop its row and keep its table (Umzug), or pass over it (Kysely).
 *
 * @throws EngineError `MIGRATION_FAILED`.
 */
export function rollbackSteps(
  { name, applied, known }: { name: string; applied: readonly Migration[]; known: readonly Migration[] },
  to: string | null,
): string[] {
  const fail = (why: string, ids: string[]) => {
    throw new EngineError('MIGRATION_FAILED', `${name}: nothing was reverted: ${why}.`, {
      detail: { inspector: name, migrations: ids },
    })
  }
  const end = to === null ? 0 : applied.findIndex(({ id }) => id === to) + 1
  if (to !== null && end === 0) fail(`${to} is not applied, so nothing goes back to it`, [to])
  const byId = new Map(known.map((migration) => [migration.id, migration]))
  const unknown = applied.filter(({ id }) => !byId.has(id)).map(({ id }) => id)
  if (unknown.length > 0) fail(`the code does not know ${unknown.join(', ')}`, unknown)
  const unfinished = applied.filter(({ state }) => state === 'failed').map(({ id }) => id)
  if (unfinished.length > 0) fail(`${unfinished.join(', ')} began and did not finish`, unfinished)
  const steps = applied
    .slice(end)
    .map(({ id }) => id)
    .reverse()
  const oneWay = steps.filter((id) => byId.get(id)?.hasDown === false)
  if (oneWay.length > 0) fail(`${oneWay.join(', ')} ${oneWay.length === 1 ? 'has' : 'have'} no down step`, oneWay)
  return steps
}
