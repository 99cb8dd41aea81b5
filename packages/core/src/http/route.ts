import type { z } from 'zod'
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
  /** Name in the audit log; routes that only read have none. */
  audit?: string
  query?: z.ZodObject
  body?: z.ZodObject
  /** Status and shape of the answer where all goes well. */
  answers: { status: number; schema?: z.ZodType; contentType?: string }
  handle(context: RouteContext<unknown, unknown>): Promise<Answer>
}

export interface RouteContext<Query, Body> {
  engine: HttpEngine
  settings: HandlerSettings
  connection: Connection
  request: Request
  actor: Actor
  params: Record<string, string>
  query: Query
  body: Body
  /** Fires when the client leaves, the server closes or the engine stops. */
  signal: AbortSignal
  /** Absolute path of a route. */
  link(path: string): string
}

export type Answer = Response | { status?: number; body?: unknown; headers?: Record<string, string>; subject?: string }

/** Declares a route whose handler sees the types of its schemas. */
export function route<
  Query extends z.ZodObject = z.ZodObject<Record<never, z.ZodType>>,
  Body extends z.ZodObject = z.ZodObject<Record<never, z.ZodType>>,
>(
  row: Omit<Route, 'query' | 'body' | 'handle'> & {
    query?: Query
    body?: Body
    handle(context: RouteContext<z.output<Query>, z.output<Body>>): Promise<Answer>
  },
): Route {
  return row as unknown as Route
}
