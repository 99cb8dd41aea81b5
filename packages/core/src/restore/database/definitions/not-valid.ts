import type { DefinitionStep } from './definition-steps.ts'
import { inlineChecks, objectNames } from './object-names.ts'

/**
 * Makes constraints NOT VALID: rows that are there are not checked, new ones are. Of those inside a table's definition
 * the names are returned; relax-checks.ts deals with them. Pure.
 */
export function notValidSteps(
  steps: readonly DefinitionStep[],
  names: readonly string[],
): { steps: DefinitionStep[]; relaxedChecks: string[] } {
  if (names.length === 0) return { steps: [...steps], relaxedChecks: [] }
  const wanted = new Set(names)
  const isConstraint = ({ kind }: DefinitionStep) => kind === 'FK CONSTRAINT' || kind === 'CHECK CONSTRAINT'
  const relaxedChecks = steps.flatMap(inlineChecks).filter((name) => wanted.has(name))
  return {
    steps: steps.map((step) => {
      if (step.sql === null || !isConstraint(step) || !objectNames(step).some((name) => wanted.has(name))) return step
      if (/ NOT VALID;\s*$/.test(step.sql)) return step
      return { ...step, sql: step.sql.replace(/;\s*$/, ' NOT VALID;') }
    }),
    relaxedChecks,
  }
}
