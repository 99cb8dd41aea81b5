import type { AnyAction } from './action.ts'
import { type ActionName, actions } from './registry.ts'

/** Every action, loaded, in the order of the registry. */
export async function allActions(): Promise<AnyAction[]> {
  const names = Object.keys(actions) as ActionName[]
  return Promise.all(names.map((name) => actions[name]() as Promise<unknown> as Promise<AnyAction>))
}
