import type { z } from 'zod'
import type { Action, HttpList, HttpPlace } from '../actions/action.ts'
import type { ActionName, ActionOf } from '../actions/registry.ts'
import type { Started } from '../actions/run-action.ts'
import type { SnakeFields } from '../actions/wire-types.ts'
import type { TypedRoute } from './route.ts'
import type { actionsRoute } from './routes/actions.ts'
import type { downloadRoutes } from './routes/downloads.ts'
import type { logRoutes } from './routes/logs.ts'
import type { sessionRoutes } from './routes/session.ts'

type OwnRoute =
  | ReturnType<typeof downloadRoutes>[number]
  | (typeof logRoutes)[number]
  | (typeof sessionRoutes)[number]
  | ReturnType<typeof actionsRoute>

/** Inputs and results of an action as the wire has them. */
type OnWire<A> =
  A extends Action<string, infer Input, infer Result, infer Subject, infer Place>
    ? {
        fields: SnakeFields<Omit<z.input<Input>, Subject extends string ? Subject : never>>
        result: Place extends { list: HttpList }
          ? ListOf<Result>
          : Place extends { present(result: never): infer Presented }
            ? Presented
            : WireResult<Result>
      }
    : never

interface ListOf<Result> {
  count: number
  next: string | null
  previous: string | null
  results: Result extends { rows: (infer Row)[] } ? Row[] : never
  paused: Result extends { paused: boolean } ? boolean : undefined
  required: Result extends { required: boolean } ? boolean : undefined
}

type WireResult<T> = T extends readonly (infer Item)[] ? WireResult<Item>[] : T extends object ? SnakeFields<T> : T

type PlaceOf<A> = A extends Action<string, infer _I, infer _R, infer _S, infer Place> ? Place : never

type KeyOf<Name extends ActionName> =
  PlaceOf<ActionOf<Name>> extends infer Place extends HttpPlace ? `${Place['method']} ${Place['path']}` : never

type ActionRoutes = {
  [Name in ActionName as KeyOf<Name>]: {
    query: KeyOf<Name> extends `GET ${string}`
      ? OnWire<ActionOf<Name>>['fields']
      : { database?: string; confirm?: string }
    body: OnWire<ActionOf<Name>>['fields'] & { confirm?: string }
    result: IsJob<Name> extends true ? Started & { id: string; number: number } : OnWire<ActionOf<Name>>['result']
  }
}

type IsJob<Name extends ActionName> = ActionOf<Name>['kind'] extends 'job' ? true : false

type OwnRoutes = {
  [One in OwnRoute as `${One['method']} ${One['path']}`]: One extends TypedRoute<
    infer _Verb,
    infer _Path,
    infer Query,
    infer Body,
    infer Result
  >
    ? { query: Query; body: Body; result: Result }
    : never
}

/**
 * The API as types, made from the actions: by `GET backups/:id` what a call takes and what it is answered.
 *
 * @example
 * type Backup = HttpApi['GET backups/:id']['result']
 */
export type HttpApi = Omit<ActionRoutes, keyof OwnRoutes> & OwnRoutes
