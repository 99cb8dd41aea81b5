import { createHash } from 'node:crypto'
import type { Json } from '../../catalog/catalog.ts'
import { canonicalJson, plainJson } from '../../policy/audit/canonical-json.ts'
import type { ActionPlan, AnyAction } from '../action.ts'
import { isOnWire, snakeCase } from '../wire.ts'

/** What a request for approval is bound to. */
export interface Ask {
  askHash: string
  planHash: string
}

const sha256 = (value: unknown): string => createHash('sha256').update(canonicalJson(value)).digest('hex')

/** The action with all that was asked for and by whom; and the plan, where the action has one. */
export function askOf(action: AnyAction, input: Json, { by, plan }: { by: string; plan: ActionPlan | null }): Ask {
  const askHash = sha256({ v: 1, action: action.name, input: boundInput(action, input), by })
  return { askHash, planHash: plan?.hash ?? sha256({ askHash }) }
}

/** All of the input that has a text; of key material nothing: a hash of it could be guessed at. */
function boundInput(action: AnyAction, input: Json): Json {
  const bound = Object.entries(input).filter(([name]) => !isSecret(action, name))
  return plainJson(Object.fromEntries(bound.map(([name, value]) => [name, textOf(value)])))
}

/** What people look at: as it would come over the wire, and as the audit log has it. No secrets. */
export function shownInput(action: AnyAction, input: Json, facts: Json): Json {
  const wire = Object.entries(input).filter(
    ([name, value]) =>
      action.http && isOnWire(action.input.shape[name]) && !isSecret(action, name) && value !== undefined,
  )
  return plainJson({ ...Object.fromEntries(wire.map(([name, value]) => [snakeCase(name), textOf(value)])), ...facts })
}

const isSecret = ({ input }: AnyAction, name: string): boolean =>
  Object.hasOwn(input.shape, name) &&
  (input.shape[name] as { meta(): { secret?: boolean } | undefined }).meta()?.secret === true

/** Plain JSON as it is; of a stream or a storage only that there is one. */
function textOf(value: unknown): unknown {
  if (typeof value === 'function') return undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const isPlain = Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null
  if (isPlain) return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, textOf(entry)]))
  const location: unknown = Reflect.get(value, 'location')
  return { kind: value.constructor.name, ...(typeof location === 'string' ? { location } : {}) }
}
