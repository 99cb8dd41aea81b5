import type { z } from 'zod'
import type { Json } from '../catalog/catalog.ts'
import type { EngineError, ErrorCode } from '../errors.ts'
import type { Reporter } from '../events.ts'
import type { LossCounts } from '../policy/approvals/approval-state.ts'
import type { Permission } from '../policy/permissions.ts'
import type { Caller } from './caller.ts'
import type { Ground } from './ground.ts'

/** Why an action may need the approval of another person. */
export type Danger = 'changes_data' | 'deletes' | 'takes_data_out' | 'weakens_protection'

/** What a plan loses, in numbers and as people look at it. */
export interface PlanLoss {
  counts: LossCounts
  document: Json
}

/** The approval by which an action goes ahead. */
export interface UsedApproval {
  id: string
  /** What it was used for: a task names it. */
  use_id: string
  approved_by: string[]
  /** The reason, where an emergency went ahead without approval. */
  break_glass: string | null
}

/** `read` changes nothing, `change` is done when it answers, `job` may also run in the background. */
export type ActionKind = 'read' | 'change' | 'job'

/**
 * One operation of the engine, defined once. The library method, the HTTP route with its OpenAPI entry and types, the
 * command with its options, and the form in the pages are made from it; `runAction` is the one path they all take.
 */
export interface Action<
  Name extends string = string,
  Input extends z.ZodObject = z.ZodObject,
  Result = unknown,
  Subject extends string | undefined = string | undefined,
  Place extends HttpPlace | undefined = HttpPlace | undefined,
  Kind extends ActionKind = ActionKind,
> {
  /** `<room>.<verb>`: `engine.<room>.<verb>()` in the library, and the name in the audit log. */
  name: Name
  /** One sentence: OpenAPI, `--help`, the form in the pages. */
  summary: string
  permission: Permission
  /**
   * - `read` changes nothing and is not recorded (unless `recorded`).
   * - `change` takes a moment and is done at once.
   * - `job` takes long: the caller chooses whether to wait for it or to have it done in the background.
   */
  kind: Kind
  /** A `read` that the audit log has to know about: what leaves the engine with data of the database. */
  recorded?: boolean
  /** What may be asked for, in camelCase; on the wire the same names in snake_case. Every field says what it is. */
  input: Input
  /** The shape of the result; on the wire camelCase names become snake_case. */
  result: z.ZodType
  /** The input that comes first, by position: the backup, the restore, the name of a copy. */
  subject?: Subject
  http?: Place
  command?: CommandPlace
  /**
   * The page that offers it: with a view of its own, or else by a form made from `input`. Absent: `leftOut.pages` says
   * why.
   */
  page?: 'overview' | 'approvals' | 'backup' | 'backups' | 'restore' | 'repository' | 'queue'
  /** Faces that do not offer it, each with a reason that a user would accept. Printed in docs/faces.md. */
  leftOut?: Partial<Record<'library' | 'http' | 'command' | 'pages', string>>
  /**
   * Why it may need the approval of another person. Default: by its permission (danger.ts). `null`: there is no reason. A
   * function: it depends on what is asked for.
   */
  danger?: Danger | null | ((input: z.output<Input>) => Danger | null)
  /** Whether what it does can never be undone: then no emergency goes past an approval. Default: by its danger. */
  irreversible?: boolean | ((input: z.output<Input>) => boolean)
  /** What its plan loses, which is approved with it and, unlike the plan, may change a little. */
  loss?(context: ActionContext, input: z.output<Input>, plan: ActionPlan): Promise<PlanLoss | null>
  /** Is to work on a full storage too: where the catalog cannot be opened for want of space, the reserve is given up. */
  makesRoom?: true
  /** Looks at the facts and decides. Every door refuses by what it returns. */
  plan?(context: ActionContext, input: z.output<Input>): Promise<ActionPlan>
  /**
   * Whether the plan is confirmed by its hash before anything is done: by `people` (HTTP, pages, command), or `always`,
   * by programs too. A hash that is given must match in any case.
   */
  confirm?: 'people' | 'always'
  job?: JobKind<Input>
  run(context: ActionContext, input: z.output<Input>, plan: ActionPlan | null): Promise<Result>
  /** What the audit log and the stream of facts know of it besides subject and outcome. Default: the input. */
  facts?(done: DoneAction<z.output<Input>, Result>): Json
}

/** Where an action is found over HTTP. Path parameters are the subject, or inputs of the same name. */
export interface HttpPlace {
  method: 'GET' | 'POST' | 'DELETE'
  /** Without base path and slashes at the ends: `backups/:id/restore`. */
  path: string
  /** Another path that means the same. */
  alias?: string
  /** The input that is the body itself, as a stream of bytes; the other inputs are in the query. */
  upload?: string
  /** Default: 202 for a job, 200 otherwise; 204 sends no body. */
  status?: number
  /** Which of `status` and `otherStatus` it is. */
  statusOf?(result: never): number
  /** 503 instead of 200 where the answer itself says that something is wrong; 200 instead of 204 where there is something to say. */
  otherStatus?: 200 | 503
  /** What the body is, where it is not the result itself, and its schema. */
  answer?: z.ZodType
  present?(result: never): unknown
  /** A list: `{count, next, previous, results}`, a page at a time. */
  list?: HttpList
  /**
   * Values of the input `format` with which the answer is the `document` of the result, as a text of that type. A client
   * asks for one by the query, or by Accept.
   */
  texts?: readonly TextFormat[]
}

export type TextFormat = 'markdown' | 'html' | 'calendar'

export interface HttpList {
  item: z.ZodType
  /** What stands in the body beside the list. */
  extra?: z.ZodObject
  /** Columns of the same list as CSV. */
  csv?: { columns: readonly string[]; fileName: string }
}

/** Where the command has an action: what is typed, and examples for its help. */
export interface CommandPlace {
  /** What is typed after `lifeboat`. */
  name: string
  examples: readonly string[]
}

/** How an action runs in the background. The kinds of jobs are the actions that have one of these. */
export interface JobKind<Input extends z.ZodObject = z.ZodObject> {
  kind: string
  /** For people: `Backup`. */
  label: string
  /** Whether a job that a crash or a shutdown broke off may simply be begun again. */
  resumable: boolean
  /** At most one job with the same writer runs at a time; null: beside anything. */
  writer(input: z.output<Input>, database: string): string | null
  /** For how long a caller that waits for the job lets another job of the same writer end first. Default: 0. */
  waitMs?(input: z.output<Input>): number
  /** What a schedule asks for where it does not say. */
  scheduled?: z.input<Input>
  /** Fixes what is decided when the job is asked for: ids, numbers, the plan that was confirmed. */
  prepare?(context: ActionContext, input: z.output<Input>, plan: ActionPlan | null): Promise<PreparedJob>
  /** What the task keeps of the result. Default: all of it. */
  summary?(result: never): Json
  /** The error that the task ends with although the action has a result: something bad was found. */
  failure?(result: never): EngineError | null
  /** Whether an approved plan is made again when the job begins, because nothing else holds the job to it. */
  planAgain?: true
  /** What the answer to the request says besides `task_id` and `id`. */
  answer?(prepared: PreparedJob): Json
}

export interface PreparedJob {
  /** Id of the backup or restore that it makes or works on. */
  subjectId?: string
  /** Label of the database. Default: of the input, or the first one. */
  database?: string
  /** Plain JSON that `run` finds in its context. */
  prepared?: Json
}

/** What would be done, and why it would not. Plain JSON, the same for the same facts. */
export interface ActionPlan {
  /** Id of what it would be done to. */
  subject: string | null
  /** Reasons not to begin, most important first. */
  refusals: { code: ErrorCode; text: string; advice?: string }[]
  /** What people look at before they confirm. */
  document: Json
  /** SHA-256 of the document: what a confirmation is bound to. */
  hash: string
}

/** An action as its facts see it: before it has run there is neither result nor error. */
export interface DoneAction<Input, Result> {
  input: Input
  plan: ActionPlan | null
  context: ActionContext
  result?: Result
  error?: unknown
}

/** What an action works with. */
export interface ActionContext extends Ground {
  caller: Caller
  signal: AbortSignal | undefined
  report: Reporter | undefined
  /** Of a job: the id of what it makes or works on, and what was fixed when it was asked for. */
  subjectId: string | null
  taskId: string | null
  prepared: Json
  /** Whether a job is put into the queue: then its answer has what is decided before it runs. */
  isQueued: boolean
  /** Whether the job continues one that was broken off. */
  isResumed: boolean
  /** Id of what it is done to, for the audit log; set when it is known. */
  about: string | null
  /** The approval it was given, where it needs one. */
  approval: UsedApproval | null
}

/** An action whose types do not matter any more. */
export type AnyAction = Action<string, z.ZodObject, unknown>

/** Declares an action; the types of its input, result, subject and place are kept. */
export function action<
  const Name extends string,
  Input extends z.ZodObject,
  Result,
  const Subject extends (keyof z.output<Input> & string) | undefined = undefined,
  const Place extends HttpPlace | undefined = undefined,
  const Kind extends ActionKind = ActionKind,
>(definition: Action<Name, Input, Result, Subject, Place, Kind>): Action<Name, Input, Result, Subject, Place, Kind> {
  return definition
}
