/**
 * For whoever builds a face of the engine: the command, an adapter, pages. Applications use `@lifeboat/core`.
 */
export { adviceFor } from '../advice.ts'
export { type StorageTestSummary, storageTestSummary } from '../engine/storage-test.ts'
export { engineFor } from '../engine.ts'
export { metricText } from '../policy/metric-text.ts'
export type { Action, ActionKind, ActionPlan, AnyAction, CommandPlace, HttpPlace } from './action.ts'
export { allActions } from './all-actions.ts'
export { type Caller, type CallOptions, type Face, systemUser } from './caller.ts'
export { type EngineInside, insideOf } from './inside.ts'
export { type ActionName, actions, isActionName } from './registry.ts'
export { fromWire, innerSchema, isOnWire, snakeCase, toWire, wireInput } from './wire.ts'
