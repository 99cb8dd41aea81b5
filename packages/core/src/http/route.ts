import type { z } from 'zod'
import type { TextFormat } from '../actions/action.ts'
import type { Caller } from '../actions/caller.ts'
import type { EngineInside } from '../actions/inside.ts'
import type { ActionName } from '../actions/registry.ts'
import type { Actor, Permission } from '../policy/permissions.ts'
import type { HttpEngine } from './engine-type.ts'
import type { Connection, HandlerSettings } from './settings.ts'

export type Method = 'GET' | 'POST' | 'DELETE'

/** One row of the API: everything the handler, the OpenAPI document and the tests need to know of it. */
export interface Route {
  method: Method
  /** Without base path and slashes at the ends: `backups/:id/restore`. */
  path: string
  /** Another path that means the same. */
  alias?: string
  permission: Permission
  /** One sentence for the documentation. */
  summary: string
  /** The action it does; routes without one only carry what actions know. */
  action?: string
  query?: z.ZodObject
  body?: z.ZodObject
  /** Status and shape of the answer where all goes well. */
  answers: {
    status: number
    schema?: z.ZodType
    contentType?: string
    alsoCsv?: boolean
    alsoEvents?: boolean
    /** Other forms of the answer, as texts. */
    alsoTexts?: readonly TextFormat[]
    /** Another status: 503 with the same body, where that says that something is wrong; 200 with a body instead of 204. */
    alsoStatus?: 200 | 503
  }
  /** Whether the plan is shown first: 409 with plan and plan_hash. */
  confirms?: boolean
  /** Whether the answer is a file that can be asked for in parts. */
  ranges?: boolean
  /** Whether `handle` parses query and body itself. */
  raw?: boolean
  /** Whether the body is a file, which `handle` reads as it comes. */
  takesFile?: boolean
  handle(context: RouteContext<unknown, unknown>): Promise<Answer>
}

export interface RouteContext<Query, Body> {
  engine: HttpEngine
  inside: EngineInside
  settings: HandlerSettings
  connection: Connection
  request: Request
  actor: Actor
  /** Who asks, for actions. */
  caller: Caller
  params: Record<string, string>
  query: Query
  body: Body
  /** Fires when the client leaves, the server closes or the engine stops. */
  signal: AbortSignal
  /** Absolute path of a route. */
  link(path: string): string
  /** Runs an action for this caller. */
  run(name: ActionName, input: unknown): Promise<unknown>
}

export type Answer<Result = unknown> = Response | { status?: number; body?: Result; headers?: Record<string, string> }

/** A route that remembers what it takes and gives, for clients in TypeScript. `types` is never there at run time. */
export interface TypedRoute<Verb extends Method, Path extends string, Query, Body, Result> extends Route {
  method: Verb
  path: Path
  types?: { query: Query; body: Body; result: Result }
}

/** Declares a route whose handler sees the types of its schemas, and whose callers see what the handler answers. */
export function route<
  const Verb extends Method,
  const Path extends string,
  Result = never,
  Query extends z.ZodObject = z.ZodObject<Record<never, z.ZodType>>,
  Body extends z.ZodObject = z.ZodObject<Record<never, z.ZodType>>,
>(
  row: Omit<Route, 'method' | 'path' | 'query' | 'body' | 'handle'> & {
    method: Verb
    path: Path
    query?: Query
    body?: Body
    handle(context: RouteContext<z.output<Query>, z.output<Body>>): Promise<Answer<Result>>
  },
): TypedRoute<Verb, Path, z.input<Query>, z.input<Body>, Result> {
  return row as unknown as TypedRoute<Verb, Path, z.input<Query>, z.input<Body>, Result>
}
