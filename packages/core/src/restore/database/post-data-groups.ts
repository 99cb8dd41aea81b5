import type { DefinitionStep } from './definitions/definition-steps.ts'
import { isBatchable } from './run-definitions.ts'

/** Steps of one job: as many as fit into one query. */
const mostSteps = 100

/**
 * Post-data in groups that run as one job each: steps that touch only tables of one batch, and that wait for equally many
 * others one behind the other. No group waits for itself, then, nor do two wait for each other, where their steps do not.
 * All other steps are alone. `batchOf`: the batch of a table; undefined where it is loaded alone. Pure.
 */
export function postDataGroups(
  steps: readonly DefinitionStep[],
  batchOf: (table: number) => number | undefined,
): DefinitionStep[][] {
  const levels = levelsOf(steps)
  const groups: DefinitionStep[][] = []
  const open = new Map<string, DefinitionStep[]>()
  for (const step of steps) {
    const tables = [...step.exclusiveLocks, ...step.sharedLocks]
    const isSmall = tables.length > 0 && tables.every((table) => batchOf(table) !== undefined)
    if (!isSmall || !isBatchable(step)) {
      groups.push([step])
      continue
    }
    const key = `${levels.get(step.id)} ${batchOf(tables[0] as number)}`
    const group = open.get(key)
    if (group && group.length < mostSteps) group.push(step)
    else {
      const begun = [step]
      open.set(key, begun)
      groups.push(begun)
    }
  }
  return groups
}

/** How many steps wait for each other up to each step, which comes after those it waits for. */
function levelsOf(steps: readonly DefinitionStep[]): Map<number, number> {
  const levels = new Map<number, number>()
  for (const { id, dependsOn } of steps)
    levels.set(id, 1 + Math.max(-1, ...dependsOn.map((before) => levels.get(before) ?? -1)))
  return levels
}
