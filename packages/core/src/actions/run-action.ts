import { inWords } from '../advice.ts'
import type { Json } from '../catalog/catalog.ts'
import { labelOf } from '../engine/background/core.ts'
import { EngineError, isEngineError } from '../errors.ts'
import type { Reporter } from '../events.ts'
import { jobError } from '../jobs/job-error.ts'
import { randomId } from '../jobs/job-id.ts'
import { isAllowed } from '../policy/permissions.ts'
import type { ActionContext, ActionPlan, AnyAction, PreparedJob } from './action.ts'
import type { Caller } from './caller.ts'
import { mustBeOnRecord } from './danger.ts'
import type { Fact, FactOutcome } from './facts.ts'
import type { Ground } from './ground.ts'
import { toWire } from './wire.ts'

/** A call of an action through whatever door. */
export interface Call {
  caller: Caller
  signal?: AbortSignal | undefined
  report?: Reporter | undefined
}

/** What is answered to a request for a job. */
export interface Started {
  task_id: string
  /** Of the backup or restore. */
  id?: string
  [fact: string]: unknown
}

/** An action that was permitted, planned, not refused, and confirmed where people confirm it. */
export interface ReadyAction {
  input: Json
  plan: ActionPlan | null
  context: ActionContext
}

/**
 * Does what an action says and waits for it: permit, plan, refuse or confirm, record, run, record the outcome, one fact.
 * Where there is a catalog, a job that is waited for is a task like any other: seen, logged, and cancelled from anywhere.
 */
export async function runAction(ground: Ground, action: AnyAction, given: unknown, call: Call): Promise<unknown> {
  // A list is passed on as it is: it can be long, and none of its texts is advice.
  const result = await runHere(ground, action, given, call)
  return action.http?.list ? result : inWords(call.caller.face, result)
}

async function runHere(ground: Ground, action: AnyAction, given: unknown, call: Call): Promise<unknown> {
  const ready = await makeReady(ground, action, given, call)
  if (action.kind === 'read') return aroundDamage(() => perform(action, ready))
  if (action.kind !== 'job' || !action.job) return perform(action, ready)
  const taskId = randomId('t')
  const prepared = await prepareJob(action, ready, taskId)
  const history = await ground.history()
  const withoutTask = () => perform(action, ready, { begins: true })
  if (!history) return withoutTask()
  const request = jobRequest(action, ready, prepared, taskId)
  const how = {
    ...{ signal: call.signal, report: call.report },
    waitMs: action.job.waitMs?.(ready.input as never) ?? 0,
    summary: (result: unknown) => summaryOf(action, result),
    failure: (result: unknown) => action.job?.failure?.(result as never) ?? null,
  }
  let begun = false
  try {
    return await history.jobs.runHere(request, how, async (running) => {
      begun = true
      const context = { ...ready.context, ...running }
      return perform(action, { ...ready, context }, { begins: true })
    })
  } catch (error) {
    // A task that cannot be recorded is no reason not to do what was asked for.
    if (begun || !isEngineError(error, 'CATALOG_DAMAGED')) throw error
    return withoutTask()
  }
}

/**
 * What only reads is done again where it met a damaged catalog: by then that is known, and `history` gives none. Throws
 * `CATALOG_DAMAGED` for what lies in the catalog alone.
 */
async function aroundDamage<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!isEngineError(error, 'CATALOG_DAMAGED')) throw error
    return read()
  }
}

/** The same, done in the background: resolves when the job is in the queue. */
export async function startAction(ground: Ground, action: AnyAction, given: unknown, call: Call): Promise<Started> {
  if (!action.job) throw new EngineError('USAGE', `"${action.name}" is no job: it is done at once.`)
  const { ready, request, prepared } = await planJob(ground, action, given, call)
  const background = await ground.background().catch(nullWhereDamaged)
  // The fact comes first: the job may have ended before anything after it.
  await begin(action, ready)
  const isAdded = background && (await background.jobs.add(request).catch(nullWhereDamaged))
  if (!isAdded) runUnrecorded(ground, action, ready)
  const { subjectId } = prepared
  return {
    task_id: request.id,
    ...(subjectId === undefined ? {} : { id: subjectId }),
    ...action.job.answer?.(prepared),
  }
}

function nullWhereDamaged(error: unknown): null {
  if (isEngineError(error, 'CATALOG_DAMAGED')) return null
  throw error
}

/** Done in this process although no catalog can hold its task: its facts, and the log of the host, say how it ends. */
function runUnrecorded(ground: Ground, action: AnyAction, ready: ReadyAction): void {
  const context = { ...ready.context, signal: ground.stopping }
  perform(action, { ...ready, context }, { isOnRecord: true }).then(
    () => process.emitWarning(`${action.name} has ended well. There is no task of it: the catalog is damaged.`),
    (error: unknown) => process.emitWarning(`${action.name} failed: ${String(error)}`),
  )
}

/** A job that was permitted, planned and confirmed, ready for the queue. */
export async function planJob(ground: Ground, action: AnyAction, given: unknown, call: Call) {
  const ready = await makeReady(ground, action, given, call)
  ready.context.isQueued = true
  const taskId = randomId('t')
  const prepared = await prepareJob(action, ready, taskId)
  return { ready, prepared, request: jobRequest(action, ready, prepared, taskId) }
}

/** What the plan of an action says now; changes nothing and records nothing. */
export async function planAction(ground: Ground, action: AnyAction, given: unknown, call: Call): Promise<ActionPlan> {
  permit(action, call.caller)
  const input = parseInput(action, given)
  const plan = await aroundDamage(async () => action.plan?.(contextOf(ground, call), input as never))
  if (!plan) throw new EngineError('USAGE', `"${action.name}" has no plan.`)
  return plan
}

async function makeReady(
  ground: Ground,
  action: AnyAction,
  given: unknown,
  { isTrial = false, ...call }: Call & { isTrial?: boolean },
): Promise<ReadyAction> {
  const context = contextOf(ground, call)
  const refuse = async (error: EngineError, ready: Omit<Published, 'context'>): Promise<never> => {
    await publish({ ...ready, context }, action, 'refused', error)
    throw error
  }
  const denied = denial(action, call.caller)
  if (denied) return refuse(denied, { input: null, plan: null })
  const input = parseInput(action, given)
  if (action.makesRoom) await ground.makeRoom()
  const plan = (await aroundDamage(async () => action.plan?.(context, input as never))) ?? null
  if (plan) {
    context.about = plan.subject
    const refusal = refusalOf(plan, call.caller.face)
    if (refusal) return refuse(refusal, { input, plan })
    requireConfirmation(action, plan, call.caller)
  }
  const ready = { input, plan, context }
  await approve(action, ready, isTrial)
  return ready
}

/** Where a policy asks for it, the approval of other people: used up here, and recorded with all that follows. */
async function approve(action: AnyAction, ready: ReadyAction, isTrial: boolean): Promise<void> {
  const { context, plan } = ready
  if (!context.parts.settings.approvals) return
  const { requireApproval } = await import('./approvals/gate.ts')
  const facts = () => factsOf(action, ready, { result: undefined, error: undefined })
  context.approval = await requireApproval(action, { ...ready, facts }, { isTrial })
  // What was approved is this plan, and no newer one.
  if (context.approval && plan) context.caller = { ...context.caller, confirm: plan.hash }
}

/** Whether the same call would go ahead now; throws what it would be refused with. Nothing is done. */
export async function tryAction(ground: Ground, action: AnyAction, given: unknown, call: Call): Promise<void> {
  await makeReady(ground, action, given, { ...call, isTrial: true })
}

function contextOf(ground: Ground, { caller, signal, report }: Call): ReadyAction['context'] {
  return {
    ...ground,
    caller,
    signal,
    report,
    subjectId: null,
    taskId: null,
    prepared: {},
    isQueued: false,
    isResumed: false,
    about: null,
    approval: null,
  }
}

function denial(action: AnyAction, { actor }: Caller): EngineError | null {
  if (isAllowed(actor, action.permission)) return null
  return new EngineError('FORBIDDEN', `This needs the permission ${action.permission}.`, {
    detail: { permission: action.permission },
  })
}

/** Throws `FORBIDDEN`. */
export function permit(action: AnyAction, caller: Caller): void {
  const denied = denial(action, caller)
  if (denied) throw denied
}

/** Throws `INVALID` naming every part that does not fit. */
export function parseInput(action: AnyAction, given: unknown): Json {
  const parsed = action.input.safeParse(given ?? {})
  if (parsed.success) return parsed.data as Json
  const errors = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
  const detail = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ')
  throw new EngineError('INVALID', detail, { detail: { errors } })
}

function refusalOf(plan: ActionPlan, face: string): EngineError | null {
  const [first] = plan.refusals
  if (!first) return null
  const text = plan.refusals.map((refusal) => refusal.text).join(' ')
  return new EngineError(first.code, text, {
    ...(first.advice === undefined ? {} : { advice: first.advice }),
    detail: {
      ...(plan.subject === null ? {} : { id: plan.subject }),
      plan: inWords(face, plan.document),
      plan_hash: plan.hash,
    },
  })
}

/** Asking for a confirmation is no refusal and leaves no fact. */
function requireConfirmation(action: AnyAction, plan: ActionPlan, { confirm, confirmation, face }: Caller): void {
  if (confirm === true || confirm === plan.hash) return
  const detail = { plan: inWords(face, plan.document), plan_hash: plan.hash }
  if (confirm !== undefined)
    throw new EngineError('PLAN_CHANGED', 'What would happen is not what was confirmed. Look at the new plan.', {
      detail,
    })
  const asks = confirmation === 'required' || (confirmation === 'always-only' && action.confirm === 'always')
  if (action.confirm !== undefined && asks)
    throw new EngineError('CONFIRMATION_REQUIRED', 'The plan has to be confirmed before anything is done.', { detail })
}

async function prepareJob(action: AnyAction, ready: ReadyAction, taskId: string): Promise<PreparedJob> {
  ready.context.taskId = taskId
  const prepared = (await action.job?.prepare?.(ready.context, ready.input as never, ready.plan)) ?? {}
  ready.context.subjectId = prepared.subjectId ?? null
  ready.context.prepared = prepared.prepared ?? {}
  ready.context.about = prepared.subjectId ?? ready.context.about
  return prepared
}

function jobRequest(action: AnyAction, { input, context }: ReadyAction, prepared: PreparedJob, id: string) {
  const { parts, caller } = context
  const label = prepared.database ?? defaultLabel(parts, input.database)
  return {
    id,
    kind: action.job?.kind ?? '',
    database: label,
    writer: action.job?.writer(input as never, label) ?? null,
    subjectId: prepared.subjectId ?? null,
    trigger: caller.trigger,
    createdBy: caller.actor.id,
    input: {
      ...{ input, prepared: prepared.prepared ?? {}, face: caller.face, address: caller.address },
      ...(context.approval ? { approval: context.approval } : {}),
      ...(caller.unrecorded === undefined ? {} : { unrecorded: caller.unrecorded }),
    },
  }
}

/** Jobs that look after the repository as a whole belong to the first database. */
function defaultLabel(parts: Ground['parts'], label: unknown): string {
  if (typeof label === 'string') return labelOf(parts, label)
  return parts.labels().length > 1 ? (parts.labels()[0] as string) : (parts.labels()[0] ?? 'default')
}

/**
 * Runs an action that is ready, and records how it ended. `check` may refuse it at the last moment. `begins`: it is not on
 * record yet that it was asked for; `isOnRecord`: it is, by this process, right before.
 */
export async function perform(
  action: AnyAction,
  ready: ReadyAction,
  {
    check,
    begins = false,
    isOnRecord = false,
  }: { check?: () => Promise<void>; begins?: boolean; isOnRecord?: boolean } = {},
): Promise<unknown> {
  const { context, input, plan } = ready
  try {
    await check?.()
    if (begins || (action.kind !== 'job' && mustBeOnRecord(action, input))) await begin(action, ready)
    else if (!isOnRecord && isHeld(action, ready) && !(await context.audit.holds())) await begin(action, ready)
    const result = await action.run(context, input as never, plan)
    const bad = action.job?.failure?.(result as never)
    await publish(ready, action, bad ? 'failed' : 'succeeded', bad, { result })
    return result
  } catch (error) {
    // Where even this cannot be recorded, what went wrong comes first.
    await publish(ready, action, outcomeOf(error, context.signal), error).catch(() => {})
    throw error
  }
}

/** What is dangerous does not begin before the repository holds its record, unless an emergency says why it does. */
const isHeld = (action: AnyAction, { input, context }: ReadyAction): boolean =>
  mustBeOnRecord(action, input) && context.caller.unrecorded === undefined

async function begin(action: AnyAction, ready: ReadyAction): Promise<void> {
  const required = isHeld(action, ready)
  try {
    await recordBeginning(action, ready, required)
  } catch (error) {
    if (required && isEngineError(error, 'AUDIT_UNAVAILABLE')) await giveBackApproval(ready.context)
    throw error
  }
}

/** It has not begun: people need not approve it again once it can be recorded. */
async function giveBackApproval({ approval, isResumed, background }: ActionContext): Promise<void> {
  // Where it had begun before it was broken off, its approval is used up.
  if (!approval || isResumed) return
  await background()
    .then(({ catalog }) => catalog.approvals.giveBack(approval.id, approval.use_id))
    .catch(() => false)
}

async function recordBeginning(action: AnyAction, ready: ReadyAction, required: boolean): Promise<void> {
  const record = () => publish(ready, action, 'started', null, { required })
  if (!required || !action.makesRoom) return record()
  try {
    await record()
  } catch (error) {
    if (!isEngineError(error, 'AUDIT_UNAVAILABLE')) throw error
    // On a full storage, what makes room is recorded in the room that is put aside for it.
    const { giveUpReserve } = await import('../repository/reserve.ts')
    await giveUpReserve(await ready.context.parts.repository())
    await record()
  }
}

function outcomeOf(error: unknown, signal: AbortSignal | undefined): FactOutcome {
  if (signal?.aborted) return signal.reason === 'shutdown' || signal.reason === 'lost' ? 'interrupted' : 'cancelled'
  if (isEngineError(error) && error.status < 500 && error.status !== 499) return 'refused'
  return 'failed'
}

/** What a fact is made of. Of an action that was denied nothing was read: its input is null. */
type Published = Omit<ReadyAction, 'input'> & { input: Json | null }

async function publish(
  { context, input, plan }: Published,
  action: AnyAction,
  outcome: FactOutcome,
  error: unknown,
  { result, required = false }: { result?: unknown; required?: boolean } = {},
): Promise<void> {
  if (action.kind === 'read' && !action.recorded) return
  const { code, detail } = error ? (jobError(error) as { code: string; detail: string }) : { code: '', detail: '' }
  const fact: Fact = {
    type: outcome === 'started' ? 'started' : 'finished',
    at: new Date().toISOString(),
    action: action.name,
    subject: context.about,
    actor: context.caller.actor.id,
    face: context.caller.face,
    address: context.caller.address,
    outcome,
    task_id: context.taskId,
    facts: {
      ...(input === null ? {} : factsOf(action, { context, input, plan }, { result, error })),
      ...(context.approval ? { approval: context.approval } : {}),
      ...(context.caller.unrecorded === undefined ? {} : { unrecorded: context.caller.unrecorded }),
    },
    error: error ? { code, detail } : null,
  }
  await context.facts.publish(fact, { required })
}

function factsOf(action: AnyAction, ready: ReadyAction, end: { result: unknown; error: unknown }): Json {
  if (!action.facts) return ready.input
  const { context, input, plan } = ready
  const { result, error } = end
  const done = { input: input as never, plan, context, ...(result === undefined ? {} : { result: result as never }) }
  return action.facts({ ...done, ...(error ? { error } : {}) })
}

/** What the task keeps of a result. */
export function summaryOf(action: AnyAction, result: unknown): Json | null {
  if (action.job?.summary) return action.job.summary(result as never)
  const wire = toWire(action.result, result)
  return typeof wire === 'object' && wire !== null ? (wire as Json) : null
}
