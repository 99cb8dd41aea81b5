import type { z } from 'zod'
import type { Action } from './action.ts'
import { type Caller, type CallOptions, libraryCaller } from './caller.ts'
import type { Ground } from './ground.ts'
import { type ActionName, type ActionOf, actions } from './registry.ts'
import { runAction, type Started, startAction } from './run-action.ts'

type InputOf<A> = A extends Action<string, infer Input, infer _R, infer _S, infer _P> ? z.input<Input> : never
type ResultOf<A> = A extends Action<string, infer _I, infer Result, infer _S, infer _P> ? Result : never
type SubjectOf<A> = A extends Action<string, infer _I, infer _R, infer Subject, infer _P> ? Subject : undefined

/** What the action takes, as one object. */
export type ActionInput<Name extends ActionName> = InputOf<ActionOf<Name>>
/** What the action resolves to. */
export type ActionResult<Name extends ActionName> = ResultOf<ActionOf<Name>>

/** Named in code, and never left out by accident: a restore, rewind or patch is confirmed by its plan's hash, or by `true`. */
type Confirmed<Name extends ActionName> = Name extends 'restores.run' | 'rows.rewind' | 'rows.patch'
  ? { confirm: string | true }
  : unknown
type Options<Name extends ActionName, Input> = Input & CallOptions & Confirmed<Name>

/** The library method of an action: the subject comes first, by position. */
export type Method<Name extends ActionName> =
  SubjectOf<ActionOf<Name>> extends infer Subject extends keyof ActionInput<Name>
    ? Required<Omit<ActionInput<Name>, Subject> & Confirmed<Name>> extends Partial<Omit<ActionInput<Name>, Subject>> &
        Confirmed<Name>
      ? (
          subject: Exclude<ActionInput<Name>[Subject], undefined>,
          ...options: Rest<Options<Name, Omit<ActionInput<Name>, Subject>>>
        ) => Promise<ActionResult<Name>>
      : never
    : (...options: Rest<Options<Name, ActionInput<Name>>>) => Promise<ActionResult<Name>>

/** Options may be left out where none is required. */
type Rest<O> = Record<never, never> extends O ? [options?: O] : [options: O]

type Group<Name extends ActionName> = Name extends `${infer Room}.${string}` ? Room : never
type VerbIn<Room extends string, Name extends ActionName> = Name extends `${Room}.${infer Verb}` ? Verb : never

/** `engine.<room>.<verb>()` for every action, and `engine.<verb>()` for those without a room. */
export type LibraryRooms = {
  [Room in Group<ActionName>]: {
    [Verb in VerbIn<Room, ActionName>]: Method<`${Room}.${Verb}` & ActionName>
  }
} & { [Name in Exclude<ActionName, `${string}.${string}`>]: Method<Name> }

/** Who calls, by the options of the call. */
export type CallerOf = (options: CallOptions) => Caller

const callOptions = ['signal', 'report', 'as', 'confirm', 'unrecorded'] as const

/** The methods of the library, made from the registry. Each action is loaded when it is first called. */
export function libraryRooms(ground: Ground, callerOf: CallerOf = libraryCaller): LibraryRooms {
  const rooms: Record<string, unknown> = {}
  for (const name of Object.keys(actions) as ActionName[]) {
    const [room = '', verb] = name.split('.')
    if (verb === undefined) rooms[room] = methodOf(ground, callerOf, name)
    else rooms[room] = { ...(rooms[room] as object | undefined), [verb]: methodOf(ground, callerOf, name) }
  }
  return rooms as LibraryRooms
}

function methodOf(ground: Ground, callerOf: CallerOf, name: ActionName) {
  return async (...given: unknown[]): Promise<unknown> => {
    const action = await actions[name]()
    const { subject } = action
    const options = { ...((subject === undefined ? given[0] : given[1]) as object | undefined) }
    const input = Object.fromEntries(
      Object.entries(options).filter(([key, value]) => value !== undefined && !isCallOption(key)),
    )
    const asked = subject === undefined ? input : { ...input, [subject]: given[0] }
    const call = options as CallOptions
    const { signal, report } = call
    return runAction(ground, action as never, asked, { caller: callerOf(call), signal, report })
  }
}

const isCallOption = (key: string): boolean => callOptions.some((option) => option === key)

/** A job about a backup or a restore says which. */
export type StartedOf<Name extends ActionName> = Name extends 'backups.create'
  ? Started & { id: string; number: number }
  : SubjectOf<ActionOf<Name>> extends 'backup' | 'restore'
    ? Started & { id: string }
    : Started

/** Begins an action in the background, for a caller of the library. */
export async function startFromLibrary<Name extends ActionName>(
  ground: Ground,
  name: Name,
  input: ActionInput<Name>,
  options: CallOptions = {},
  callerOf: CallerOf = libraryCaller,
): Promise<StartedOf<Name>> {
  const action = await actions[name]()
  const { signal, report } = options
  return startAction(ground, action as never, input, { caller: callerOf(options), signal, report }) as Promise<
    StartedOf<Name>
  >
}
