import type { RestoreOptions } from '../options.ts'
import { rightsProblems } from '../rights/rights-problems.ts'
import type { PlanRefusal } from './plan.ts'
import type { RestoreFacts } from './plan-facts.ts'

/** Another way to restore the same backup, where the one that was asked for is refused. */
export interface PlanProposal {
  /** Options that differ from those asked for. */
  options: Partial<Pick<RestoreOptions, 'strategy' | 'leaveOut' | 'noOwner' | 'targetDatabase' | 'intoOther'>>
  text: string
}

/**
 * The first way that the plan does not refuse: the same strategy without what the role cannot create; into an empty
 * database that exists; in place; without owners. Pure. `refusalsOf` returns the refusals of other facts.
 */
export function proposalOf(
  facts: RestoreFacts,
  refusalsOf: (facts: RestoreFacts) => PlanRefusal[],
): PlanProposal | null {
  const { options, emptyDatabases = [] } = facts
  const ways: PlanProposal['options'][] = [{}]
  if (options.strategy === 'new-database')
    ways.push(...emptyDatabases.map((name) => ({ strategy: 'in-place' as const, targetDatabase: name })))
  if (options.strategy === 'swap') ways.push({ strategy: 'in-place' })
  for (const way of [...ways, ...ways.map((one) => ({ ...one, noOwner: true }))]) {
    const changed = withoutTheForbidden(facts, way)
    if (Object.keys(changed).length === 0 || !isOpen(facts, changed, refusalsOf)) continue
    return { options: changed, text: textOf(changed) }
  }
  return null
}

/** The way, and what has to be left out on it. */
function withoutTheForbidden({ options, rights, server }: RestoreFacts, way: PlanProposal['options']) {
  if (!rights) return way
  const { strategy, leaveOut = [] } = { ...options, ...way }
  const problems = rightsProblems(rights.needed, rights.may, { strategy, leaveOut, role: server.role.name })
  const more = problems.flatMap((problem) => problem.leaveOut)
  return more.length === 0 ? way : { ...way, leaveOut: [...leaveOut, ...more] }
}

function isOpen(facts: RestoreFacts, way: PlanProposal['options'], refusalsOf: (facts: RestoreFacts) => PlanRefusal[]) {
  const { targetDatabase } = way
  const isEmpty = targetDatabase !== undefined
  const live = { ...emptyTarget, encoding: facts.backup.encoding }
  return (
    refusalsOf({
      ...facts,
      options: { ...facts.options, ...way },
      ...(isEmpty ? { target: { ...facts.target, name: targetDatabase, live } } : {}),
      ...(facts.rights && way.noOwner
        ? { rights: { ...facts.rights, needed: { ...facts.rights.needed, owners: [] } } }
        : {}),
    }).length === 0
  )
}

const emptyTarget = {
  ...{ owned: true, empty: true, objects: 0, preparedTransactions: [], foreignSessions: [] },
  ...{ logicalSlots: [], subscriptions: [], catalogs: [] },
}

function textOf({ strategy, leaveOut = [], noOwner, targetDatabase }: PlanProposal['options']): string {
  const flags = [
    ...(strategy ? [`{strategy} ${strategy}`] : []),
    ...(targetDatabase === undefined ? [] : [`{targetDatabase} ${JSON.stringify(targetDatabase)}`]),
    ...(noOwner ? ['{noOwner}'] : []),
    ...leaveOut.map((name) => `{leaveOut} '${name}'`),
  ]
  return `A way that is open: ${flags.join(' ')}.`
}
