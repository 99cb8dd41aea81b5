import { type Actor, isAllowed, type Role, roles } from '../permissions.ts'
import type { ApprovalPolicy, Person } from './options.ts'

/** The person behind an id, or null where none is known by it. */
export const personOf = (people: readonly Person[], id: string): Person | null =>
  people.find((one) => one.id === id || one.aliases.includes(id)) ?? null

/** The same for two ids of one person: approvals count people, not tokens. */
export const identityOf = (people: readonly Person[], id: string): string => personOf(people, id)?.id ?? id

/** Ids that stand for two people, which would make one of them another. */
export function sharedIds(people: readonly Person[]): string[] {
  const seen = new Set<string>()
  const shared = new Set<string>()
  for (const { id, aliases } of people)
    for (const one of new Set([id, ...aliases])) {
      if (seen.has(one)) shared.add(one)
      seen.add(one)
    }
  return [...shared]
}

const rank = (role: Role | undefined): number => (role === undefined ? -1 : roles.indexOf(role))

/** Whether a person can approve under a policy, as things are now. */
export function isApprover(policy: Pick<ApprovalPolicy, 'from'>, person: Person): boolean {
  if (!isAllowed(asActor(person), 'approvals:vote')) return false
  const { from } = policy
  if (from === undefined) return true
  if (typeof from === 'function') return from(asActor(person)) === true
  if ('ids' in from) return from.ids.includes(person.id)
  return rank(person.role) >= rank(from.role)
}

/** Who can approve what `requester` asks for. */
export function approversFor(
  policy: Pick<ApprovalPolicy, 'from'>,
  people: readonly Person[],
  requester: string | null,
): Person[] {
  const self = requester === null ? null : identityOf(people, requester)
  return people.filter((one) => one.id !== self && isApprover(policy, one))
}

/**
 * Why a policy could never be met, or null. An approver can be the one who asks: so there must be one more than are
 * needed.
 */
export function unsatisfiable(policy: ApprovalPolicy, people: readonly Person[]): string | null {
  const known = approversFor(policy, people, null).length
  const needed = policy.approvers + 1
  if (known >= needed) return null
  return `needs ${policy.approvers} approver${policy.approvers === 1 ? '' : 's'} besides the one who asks, thus ${needed} people who can approve; ${known} ${known === 1 ? 'is' : 'are'} known`
}

function asActor({ id, name, role, permissions }: Person): Actor {
  return {
    id,
    ...(name === undefined ? {} : { name }),
    ...(role === undefined ? {} : { role }),
    ...(permissions === undefined ? {} : { permissions }),
  }
}
