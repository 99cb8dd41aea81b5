import { createHash } from 'node:crypto'
import type { EngineSettings } from '../../config.ts'
import { EngineError } from '../../errors.ts'
import { type ApprovalOptions, type ApprovalPolicy, type Person, peopleSchema } from '../../policy/approvals/options.ts'
import { sharedIds, unsatisfiable } from '../../policy/approvals/people.ts'
import { sortedJson } from '../../policy/audit/canonical-json.ts'
import type { AnyAction } from '../action.ts'
import type { Caller } from '../caller.ts'
import { canNeedApproval, dangerOf, sameActions } from '../danger.ts'
import { type ActionName, actions, isActionName } from '../registry.ts'

/** The policy that an action meets with this input; null where it needs no approval. */
export function policyOf(settings: EngineSettings, action: AnyAction, input?: unknown): ApprovalPolicy | null {
  const { approvals } = settings
  if (!approvals || !canNeedApproval(action)) return null
  const naming = (names: readonly string[]) =>
    approvals.policies.find(({ actions }) => actions !== 'dangerous' && actions.some((name) => names.includes(name)))
  const named = naming([action.name]) ?? naming(sameActions(action.name))
  if (named) return named
  if (dangerOf(action, input) === null) return null
  return approvals.policies.find(({ actions }) => actions === 'dangerous') ?? null
}

/** Another text where anything of the policy is another: what was approved before was approved under other rules. */
export function policyHash({ from, ...policy }: ApprovalPolicy): string {
  const rule = typeof from === 'function' ? { source: String(from) } : (from ?? null)
  return createHash('sha256')
    .update(sortedJson({ ...policy, from: rule }))
    .digest('hex')
}

/** Minutes until an emergency may go ahead; null where the policy has no such way. */
export function glassDelay(settings: EngineSettings, { breakGlass }: ApprovalPolicy): number | null {
  if (breakGlass === false || !tellsPeople(settings)) return null
  return breakGlass?.delayMinutes ?? 5
}

const tellsPeople = ({ notifications }: EngineSettings): boolean =>
  notifications.channels.some(({ kind }) => kind !== 'heartbeat')

/**
 * Whether this is retention by its rules, which the host lets run by itself. With limits of its own it is not: those could
 * be anybody's.
 */
export function isAutomaticRetention(
  { approvals }: EngineSettings,
  { name }: AnyAction,
  { caller, input }: { caller: Pick<Caller, 'face'>; input: Readonly<Record<string, unknown>> },
): boolean {
  if (approvals?.automaticRetention !== 'allow' || name !== 'retention.run' || caller.face !== 'scheduler') return false
  const { database: _, justMade: __, prune: ___, now, ...limits } = input
  return now !== true && Object.values(limits).every((value) => value === undefined || value === false)
}

/** Refuses what could never work, before anything needs it. Throws `CONFIG_INVALID`. */
export function checkApprovalOptions(settings: EngineSettings): void {
  const { approvals } = settings
  if (!approvals) return
  const { policies, people } = approvals
  const named = policies.flatMap(({ actions }) => (actions === 'dangerous' ? [] : actions))
  const wrong = [
    ...named.filter((name) => !isActionName(name)).map((name) => `There is no action "${name}".`),
    ...named.filter((name) => name.startsWith('approvals.')).map((name) => `"${name}" needs no approval itself.`),
    ...twice(named).map((name) => `Two policies name "${name}".`),
    ...(policies.filter(({ actions }) => actions === 'dangerous').length > 1
      ? ['Two policies are for all dangerous actions.']
      : []),
    ...(policies.some(({ breakGlass }) => breakGlass) && !tellsPeople(settings)
      ? ['breakGlass needs a channel of notifications: without one it would notify no person.']
      : []),
    ...(approvals.automaticRetention === 'allow' && !coversConfig(policies)
      ? ['automaticRetention "allow" needs a policy for "config.change": its rules could be changed without approval.']
      : []),
  ]
  refuse(wrong)
  if (typeof people !== 'function') checkPeople(approvals, people)
}

/** The same for what has to be loaded or asked for: called when the engine starts. */
export async function checkApprovals(settings: EngineSettings): Promise<void> {
  const { approvals } = settings
  if (!approvals) return
  const named = approvals.policies.flatMap(({ actions }) => (actions === 'dangerous' ? [] : actions))
  const loaded = await Promise.all(named.map(async (name) => (await actions[name as ActionName]()) as AnyAction))
  refuse(
    loaded
      .filter((action) => !canNeedApproval(action))
      .map(({ name }) => `"${name}" only looks and is not recorded: it cannot need approval.`),
  )
  checkPeople(approvals, await readPeople(approvals))
}

/** The people who are known now. Throws `APPROVAL_UNAVAILABLE` where the application does not say. */
export async function readPeople({ people }: ApprovalOptions): Promise<Person[]> {
  if (typeof people !== 'function') return people
  try {
    const found = peopleSchema.parse(await people())
    if (sharedIds(found).length > 0) throw new Error(`Two people have the id "${sharedIds(found)[0]}".`)
    return found
  } catch (cause) {
    throw new EngineError('APPROVAL_UNAVAILABLE', 'It cannot be found out who can approve.', { cause })
  }
}

function checkPeople({ policies }: ApprovalOptions, people: readonly Person[]): void {
  refuse([
    ...sharedIds(people).map((id) => `Two people have the id "${id}".`),
    ...policies.flatMap((policy) => {
      const why = unsatisfiable(policy, people)
      const of = policy.actions === 'dangerous' ? 'all dangerous actions' : policy.actions.join(', ')
      return why === null ? [] : [`The policy for ${of} ${why}.`]
    }),
  ])
}

function refuse(wrong: readonly string[]): void {
  if (wrong.length > 0)
    throw new EngineError('CONFIG_INVALID', `The option approvals is not valid. ${wrong.join(' ')}`, {
      detail: { issues: wrong },
    })
}

const coversConfig = (policies: readonly ApprovalPolicy[]): boolean =>
  policies.some(({ actions }) => actions === 'dangerous' || actions.includes('config.change'))

const twice = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
]
