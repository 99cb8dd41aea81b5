import { counted } from '../../counted.ts'
import type { PlanRefusal, PlanStep } from './plan.ts'
import type { RestoreFacts } from './plan-facts.ts'

/** Fewer digits of a hash would be too easy to hit. */
const fewestDigits = 12

/** What stands against the carried down steps that were asked for. Pure. */
export function carriedRefusals({ options, carried, server }: RestoreFacts): PlanRefusal[] {
  const { runCarried, strategy, masked } = options
  if (runCarried === undefined) return []
  if (!carried) {
    const text = 'No down step can be run: the backup is not ahead of the code, or it carries none.'
    return [{ code: 'CARRIED_NONE', text }]
  }
  const refusals: PlanRefusal[] = []
  if ((strategy !== 'swap' && strategy !== 'new-database') || masked) {
    const text = 'Carried down steps run on a copy alone: with {strategy} swap or new-database, not masked.'
    refusals.push({ code: 'CARRIED_STRATEGY', text })
  }
  refusals.push(...carried.problems.map((text) => ({ code: 'CARRIED_PROBLEM', text })))
  if (runCarried.length < fewestDigits || !carried.hash.startsWith(runCarried)) {
    const text = `The carried down steps have the hash ${carried.hash}; asked for was ${runCarried}. Read the steps, then name their hash.`
    refusals.push({ code: 'CARRIED_HASH', text })
  }
  if (!server.role.superuser && !server.role.createRole) {
    const text = `A role is made to run carried down steps, which "${server.role.name}" cannot do: it lacks CREATEROLE.`
    refusals.push({ code: 'CARRIED_ROLE', text })
  }
  const unsigned = carried.steps.filter(({ signed_by }) => signed_by === null).map(({ id }) => id)
  if (unsigned.length > 0) {
    const text = `No trusted key has signed the down ${unsigned.length === 1 ? 'step' : 'steps'} of ${unsigned.join(', ')}. An override by the library or the command alone goes past that, never one over HTTP.`
    refusals.push({ code: 'CARRIED_UNSIGNED', text, override: unsignedOverride })
  }
  return refusals
}

/** The name of the override that no request over HTTP has. */
export const unsignedOverride = 'unsigned-steps'

/** The ways that are open for a backup that is ahead, besides another backup and other code. Pure. */
export function otherWays({ carried }: RestoreFacts): string {
  const copy = 'As it is, it can be restored into another database: {strategy} new-database with this override.'
  if (!carried) return `It carries no down steps. ${copy}`
  const [problem] = carried.problems
  if (problem !== undefined) return `The down steps that it carries cannot be used: ${problem} ${copy}`
  return `It carries their down steps, shown below: {runCarried} ${carried.hash.slice(0, fewestDigits)} runs them on the copy. ${copy}`
}

export function stepBack({ options, carried }: RestoreFacts): PlanStep | undefined {
  if (options.runCarried === undefined || !carried) return undefined
  const ids = carried.steps.map(({ id }) => id).join(', ')
  const count = counted(carried.steps.length, 'carried down step')
  return { id: 'step-back', text: `Run ${count} on the copy, by a role without other rights: ${ids}.` }
}
