import { z } from 'zod'
import type { AnyAction, HttpPlace } from '../actions/action.ts'
import { toCsv } from '../actions/csv.ts'
import { confirmation, databaseLabel } from '../actions/inputs.ts'
import type { ActionName } from '../actions/registry.ts'
import { fromQuery, fromWire, innerSchema, snakeCase, toWire, wireInput, wireResult } from '../actions/wire.ts'
import { startedSchema } from '../catalog/records.ts'
import { EngineError, isEngineError } from '../errors.ts'
import { isAllowed } from '../policy/permissions.ts'
import { csvResponse, wantsCsv } from './csv.ts'
import { listOf, pageOf } from './pages.ts'
import type { Answer, Route, RouteContext } from './route.ts'
import { textResponse, wantedText } from './text-answer.ts'
import { uploadedFile } from './upload.ts'

type Given = Record<string, unknown>
type PlacedAction = AnyAction & { http: HttpPlace }

/** The route of an action: its inputs in snake_case, its result, its plan where one is confirmed. */
export function actionRoute(action: PlacedAction): Route {
  const { http: place } = action
  const { method, path, alias, list } = place
  const names = pathInputs(action)
  const fields = wireInput(action.input, [...names.values(), ...(place.upload ? nestedInputs(action) : [])])
  const confirms = action.plan !== undefined && action.kind !== 'read'
  const sent = confirms ? fields.extend({ confirm: confirmation }) : fields
  const reads = method === 'GET'
  const inQuery = Object.hasOwn(fields.shape, 'database') ? z.object({ database: databaseLabel }) : z.object({})
  return {
    ...{ method, path, permission: action.permission, summary: action.summary, action: action.name },
    ...(alias === undefined ? {} : { alias }),
    query: reads || place.upload ? fields : method === 'DELETE' ? sent : inQuery,
    ...(reads || place.upload ? {} : { body: sent }),
    ...(place.upload ? { takesFile: true } : {}),
    answers: {
      status: statusOf(action),
      schema: answerSchema(action),
      ...(list?.csv ? { alsoCsv: true } : {}),
      ...(place.texts ? { alsoTexts: place.texts } : {}),
      ...(place.otherStatus ? { alsoStatus: place.otherStatus } : {}),
    },
    confirms,
    raw: true,
    handle: (context) => handleAction(action, names, context),
  }
}

/** Path parameters by name, and the inputs that they are: the subject, or an input of the same name. */
function pathInputs({ input, subject, http }: PlacedAction): Map<string, string> {
  const names = [...http.path.matchAll(/:(\w+)/g)].map(([, name]) => name as string)
  return new Map(
    names.map((name) => {
      const own = Object.keys(input.shape).find((field) => snakeCase(field) === name)
      return [name, own ?? (subject as string)]
    }),
  )
}

/** What no query can carry. */
function nestedInputs({ input }: PlacedAction): string[] {
  const isNested = (field: z.ZodType) => field instanceof z.ZodRecord || field instanceof z.ZodObject
  return Object.keys(input.shape).filter((name) => isNested(innerSchema(input.shape[name] as z.ZodType)))
}

/** Whether it begins a job that goes on without the request. What reads the request's own body does not. */
const startsJob = (action: PlacedAction): boolean => action.kind === 'job' && action.http.upload === undefined

const statusOf = (action: PlacedAction): number => action.http.status ?? (startsJob(action) ? 202 : 200)

function answerSchema(action: PlacedAction): z.ZodType {
  const { list, answer } = action.http
  if (startsJob(action)) return startedSchema
  if (list) return list.extra ? listOf(list.item).extend(list.extra.shape) : listOf(list.item)
  return answer ?? wireResult(action.result)
}

async function handleAction(
  action: PlacedAction,
  names: ReadonlyMap<string, string>,
  context: RouteContext<unknown, unknown>,
): Promise<Answer> {
  const { inside, request, caller, params, signal } = context
  const query = context.query as Record<string, string>
  if (typeof context.body !== 'object' || context.body === null || Array.isArray(context.body))
    throw new EngineError('INVALID', 'The body is no JSON object.', { detail: { errors: [] } })
  const { confirm: inBody, ...body } = context.body as Given
  const confirm = inBody ?? query.confirm
  const given: Given = {
    ...fromQuery(action.input, query),
    ...fromWire(action.input, body),
    ...Object.fromEntries([...names].map(([name, field]) => [field, params[name] ?? ''])),
  }
  // An actor without the permission gets that answer, and nothing of the file is read.
  if (action.http.upload && isAllowed(context.actor, action.permission))
    given[action.http.upload] = uploadedFile(context)
  const csv = action.http.list?.csv && wantsCsv(request) ? action.http.list.csv : undefined
  if (action.http.list && !csv) given.page ??= 1
  if (csv) given.page = undefined
  const text = wantedText(action.http.texts, given.format, request)
  if (text) given.format = text
  const call = { caller: typeof confirm === 'string' ? { ...caller, confirm } : caller, signal }
  const name = action.name as ActionName
  try {
    if (startsJob(action)) return { status: statusOf(action), body: await inside.start(name, given, call) }
    const result = await inside.run(name, given, call)
    if (csv) return csvResponse(toCsv((result as { rows: Given[] }).rows, csv.columns), csv.fileName)
    if (text) return textResponse(text, (result as { document: string }).document)
    return answerOf(action, result, given, request)
  } catch (error) {
    throw withWireNames(error)
  }
}

function answerOf(action: PlacedAction, result: unknown, given: Given, request: Request): Answer {
  const { http: place } = action
  const status = place.statusOf?.(result as never) ?? statusOf(action)
  if (status === 204) return { status }
  if (place.present) return { status, body: place.present(result as never) }
  if (!place.list) return { status, body: toWire(action.result, result) }
  const { rows, count, ...rest } = result as { rows: Given[]; count: number } & Given
  const page = {
    page: (given.page as number | undefined) ?? 1,
    page_size: (given.pageSize as number | undefined) ?? 50,
  }
  const extra = Object.fromEntries(Object.keys(place.list.extra?.shape ?? {}).map((key) => [key, rest[key]]))
  return { status, body: { ...pageOf(rows, count, page, new URL(request.url)), ...extra } }
}

/** A field is named as the client sent it. */
function withWireNames(error: unknown): unknown {
  if (!isEngineError(error, 'INVALID') || !Array.isArray(error.detail.errors)) return error
  const errors = (error.detail.errors as { path: string; message: string }[]).map(({ path, message }) => ({
    path: snakeCase(path),
    message,
  }))
  const text = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ')
  return new EngineError('INVALID', text, { detail: { ...error.detail, errors } })
}
