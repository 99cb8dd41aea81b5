import type { ActionPlan, AnyAction } from './action.ts'
import type { EngineGround } from './create-ground.ts'
import { type ActionName, actions } from './registry.ts'
import { type Call, planAction, runAction, type Started, startAction, tryAction } from './run-action.ts'

/** What the faces need beside the public methods of an engine: to run an action for a caller of theirs. */
export interface EngineInside {
  ground: EngineGround
  run(name: ActionName, input: unknown, call: Call): Promise<unknown>
  start(name: ActionName, input: unknown, call: Call): Promise<Started>
  /** Throws what an action would be refused with, approval included. Nothing is done. */
  tryOut(name: ActionName, input: unknown, call: Call): Promise<void>
  /** What an action would do; nothing is changed or recorded. */
  plan(name: ActionName, input: unknown, call: Call): Promise<ActionPlan>
}

const actionOf = async (name: ActionName): Promise<AnyAction> => (await actions[name]()) as unknown as AnyAction

const insides = new WeakMap<object, EngineInside>()

export function openInside(engine: object, ground: EngineGround): void {
  insides.set(engine, {
    ground,
    run: async (name, input, call) => runAction(ground, await actionOf(name), input, call),
    start: async (name, input, call) => startAction(ground, await actionOf(name), input, call),
    tryOut: async (name, input, call) => tryAction(ground, await actionOf(name), input, call),
    plan: async (name, input, call) => planAction(ground, await actionOf(name), input, call),
  })
}

/** The inside of an engine that `createBackupEngine` made. */
export function insideOf(engine: object): EngineInside {
  const inside = insides.get(engine)
  if (!inside) throw new TypeError('This engine was not made by createBackupEngine().')
  return inside
}
