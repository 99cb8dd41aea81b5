import type { ApprovalRecord } from '../../catalog/approvals.ts'
import type { JobRecord, Json } from '../../catalog/catalog.ts'
import { findBackup } from '../../engine/background/backup-history.ts'
import { EngineError } from '../../errors.ts'
import { randomId } from '../../jobs/job-id.ts'
import {
  type ApprovalVerdict,
  approvalVerdict,
  type LossCounts,
  losesMore,
} from '../../policy/approvals/approval-state.ts'
import type { ApprovalPolicy, Person } from '../../policy/approvals/options.ts'
import { approversFor, identityOf, personOf } from '../../policy/approvals/people.ts'
import { plainJson } from '../../policy/audit/canonical-json.ts'
import type { ActionContext, ActionPlan, AnyAction, PlanLoss, UsedApproval } from '../action.ts'
import { isIrreversible } from '../danger.ts'
import type { Ground } from '../ground.ts'
import { type Ask, askOf, shownInput } from './ask.ts'
import { endRequest, publishRequest } from './ended-request.ts'
import { glassDelay, isAutomaticRetention, policyHash, policyOf, readPeople } from './policy-of.ts'

/** An action that is permitted, planned and confirmed, and what its facts would say. */
export interface Asked {
  input: Json
  plan: ActionPlan | null
  context: ActionContext
  facts(): Json
}

interface Gate extends Asked {
  action: AnyAction
  policy: ApprovalPolicy
  people: Person[]
  ask: Ask
}

/**
 * The one place where approval is asked for, on the way of every caller. Gives the approval that was used up for this
 * call, or null where none is needed. Throws `APPROVAL_REQUIRED` with the request that people can approve. `isTrial`: only
 * whether it would go ahead; nothing is used up.
 */
export async function requireApproval(
  action: AnyAction,
  asked: Asked,
  { isTrial = false }: { isTrial?: boolean } = {},
): Promise<UsedApproval | null> {
  const { context, input, plan } = asked
  const { settings } = context.parts
  const policy = policyOf(settings, action, input)
  if (!policy || !settings.approvals || isAutomaticRetention(settings, action, { caller: context.caller, input }))
    return null
  if (!plan) await nameBackup(asked)
  const ask = askOf(action, input, { by: context.caller.actor.id, plan })
  const gate = { ...asked, action, policy, people: await readPeople(settings.approvals), ask }
  const { catalog } = await context.background()
  let before: ApprovalRecord | null = null
  for (const request of await catalog.approvals.list({ statuses: ['open'], askHash: ask.askHash })) {
    const verdict = verdictOf(request, gate)
    const why = await whyVoid(request, verdict, gate)
    if (why !== null || verdict.state === 'expired') {
      await endRequest(context, request, { status: why === null ? 'expired' : 'void', by: 'lifeboat', reason: why })
      if (why !== null) before ??= request
    } else if (verdict.state !== 'approved') throw required(request, verdict, gate)
    else if (isTrial) return null
    else {
      const used = await use(request, verdict, gate)
      if (used) return used
    }
  }
  return makeRequest(gate, before)
}

/** What `latest` means is fixed now: what is approved is approved of one backup. */
async function nameBackup({ context, input }: Asked): Promise<void> {
  const { backup, database } = input
  if (typeof backup !== 'string') return
  const label = typeof database === 'string' ? database : undefined
  const found = await findBackup(context, backup, { database: label, signal: context.signal })
  input.backup = found.id
  context.about = found.id
}

const verdictOf = (request: ApprovalRecord, { policy, people }: Pick<Gate, 'policy' | 'people'>): ApprovalVerdict =>
  approvalVerdict(request, { policy, policyHash: policyHash(policy), people, now: new Date() })

/** Why a request is of no use any more although its time is not over. */
async function whyVoid(
  request: ApprovalRecord,
  { state, have, need }: ApprovalVerdict,
  gate: Gate,
): Promise<string | null> {
  if (state === 'expired') return null
  if (request.plan_hash !== gate.ask.planHash) return 'The plan is another one now.'
  if (state === 'void') return 'The policy is another one now.'
  // An emergency has no time to count.
  if (state !== 'approved' || have < need) return null
  const loss = await lossOf(gate)
  const approved = (request.asked.loss_counts ?? null) as LossCounts | null
  return losesMore(approved, loss?.counts ?? null)
    ? 'More rows would be lost now than were when it was asked for.'
    : null
}

async function lossOf({ action, context, input, plan }: Gate): Promise<PlanLoss | null> {
  return plan ? ((await action.loss?.(context, input as never, plan)) ?? null) : null
}

async function use(request: ApprovalRecord, verdict: ApprovalVerdict, gate: Gate): Promise<UsedApproval | null> {
  const { context } = gate
  const { catalog } = await context.background()
  const useId = randomId('a')
  const end = { status: 'used' as const, at: new Date().toISOString(), by: context.caller.actor.id, useId }
  // Of several that come at once one is through; the others ask again.
  if (!(await catalog.approvals.end(request.id, end))) return null
  const isApproved = verdict.have >= verdict.need
  return {
    id: request.id,
    use_id: useId,
    approved_by: request.votes.map(({ person }) => person),
    break_glass: isApproved ? null : (request.glass?.reason ?? ''),
  }
}

async function makeRequest(gate: Gate, before: ApprovalRecord | null): Promise<never> {
  const { action, context, input, plan, policy, people, ask } = gate
  const { caller, parts } = context
  const able = approversFor(policy, people, caller.actor.id)
  const canBreak = glassDelay(parts.settings, policy) !== null && !isIrreversible(action, input)
  if (able.length < policy.approvers && !canBreak)
    throw new EngineError(
      'APPROVAL_IMPOSSIBLE',
      `${action.name} needs the approval of ${policy.approvers}, and ${able.length} can give it to "${caller.actor.id}".`,
    )
  const loss = await lossOf(gate)
  const now = Date.now()
  const { catalog } = await context.background()
  const { approval, isNew } = await catalog.approvals.add({
    ...{ id: randomId('a'), action: action.name, subject: plan?.subject ?? context.about },
    ...{ ask_hash: ask.askHash, plan_hash: ask.planHash, policy_hash: policyHash(policy) },
    asked: plainJson({
      ...{ parameters: shownInput(action, input, gate.facts()), summary: action.summary, face: caller.face },
      ...{ plan: planToLookAt(plan), loss: loss?.document ?? null, loss_counts: loss?.counts ?? null },
      requester_known: personOf(people, caller.actor.id) !== null,
      irreversible: isIrreversible(action, input),
      replaces: before?.id ?? null,
    }),
    requested_by: caller.actor.id,
    requested_at: new Date(now).toISOString(),
    expires_at: new Date(now + policy.validHours * 3_600_000).toISOString(),
  })
  const verdict = verdictOf(approval, gate)
  if (isNew)
    await publishRequest(context, approval, 'approvals.request', { need: verdict.need, eligible: verdict.eligible })
  throw required(approval, verdict, gate, before)
}

/** What is lost stands beside the plan: it changes while people read. */
function planToLookAt(plan: ActionPlan | null): Json | null {
  if (!plan) return null
  const { lost: _, ...document } = plan.document
  return document
}

function required(
  request: ApprovalRecord,
  { state, have, need, eligible }: ApprovalVerdict,
  { action, plan }: Gate,
  before: ApprovalRecord | null = null,
): EngineError {
  const { id, expires_at, glass } = request
  const until = `before ${expires_at}`
  const changed = before
    ? `The request ${before.id} is void: ${before.ended_reason ?? 'the plan is another one now.'} `
    : ''
  const text = glass
    ? `${action.name} waits: it goes ahead without approval from ${glass.usable_from} on.`
    : `${changed}${action.name} needs the approval of ${need === 1 ? 'another person' : `${need} other people`}; ${have} of ${need} given. Request: ${id}.`
  const advice = glass
    ? `Ask for the same again from ${glass.usable_from} on, ${until}. Until then it can be stopped.`
    : `Another person looks at request ${id} and approves it with {approvals.approve}. Then ask for the same again ${until}: it goes ahead once.`
  return new EngineError('APPROVAL_REQUIRED', text, {
    advice,
    detail: {
      ...{ request_id: id, state, approvals: { have, need, eligible }, expires_at },
      usable_from: glass?.usable_from ?? null,
      ...(plan ? { plan_hash: plan.hash } : {}),
      ...(before ? { replaces: before.id, plan_before: before.asked.plan ?? null } : {}),
    },
  })
}

/**
 * The second look, when a job begins: a task of an action with a policy runs only by an approval that was used for it, of
 * the same action, asked for by the same person with the same input, whose time was not over while it waited in the queue.
 */
export async function requireJobApproval(
  action: AnyAction,
  asked: Omit<Asked, 'facts'>,
  job: Pick<JobRecord, 'attempt' | 'input'>,
): Promise<UsedApproval | null> {
  const { context, input } = asked
  const { settings } = context.parts
  const policy = policyOf(settings, action, input)
  if (!policy || isAutomaticRetention(settings, action, { caller: context.caller, input })) return null
  const approval = (job.input.approval ?? null) as UsedApproval | null
  const { catalog } = await context.background()
  const record = approval ? await catalog.approvals.get(approval.id) : null
  const plan = await planAgain(action, asked)
  const { askHash } = askOf(action, input, { by: context.caller.actor.id, plan: null })
  const isOurs = record?.status === 'used' && record.use_id === approval?.use_id && record.ask_hash === askHash
  if (!approval || !record || !isOurs)
    throw new EngineError('APPROVAL_REQUIRED', `This task of ${action.name} was not approved.`, {
      advice: 'Ask for it again: that makes a request which other people can approve.',
    })
  // One that was broken off and goes on had begun in time.
  if (job.attempt === 1 && Date.parse(record.expires_at) <= Date.now())
    throw new EngineError('APPROVAL_CLOSED', `The approval ${record.id} was over before this task began.`)
  if (plan && job.attempt === 1 && plan.hash !== record.plan_hash)
    throw new EngineError('PLAN_CHANGED', 'What would happen is not what was approved.')
  return approval
}

async function planAgain(action: AnyAction, { context, input }: Omit<Asked, 'facts'>): Promise<ActionPlan | null> {
  return action.job?.planAgain ? ((await action.plan?.(context, input as never)) ?? null) : null
}

/** The request as one who looks at it now sees it. */
export async function judgeRequest(ground: Ground, request: ApprovalRecord, action: AnyAction) {
  const { settings } = ground.parts
  const policy = policyOf(settings, action)
  const people = settings.approvals ? await readPeople(settings.approvals) : []
  const verdict = approvalVerdict(request, {
    ...{ policy, people, now: new Date() },
    policyHash: policy ? policyHash(policy) : null,
  })
  return { verdict, policy, people, self: identityOf(people, request.requested_by) }
}
