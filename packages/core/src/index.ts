export { EngineError, type ErrorCode, errorTable, isEngineError } from './errors.ts'
export type { EngineEvent, LogEvent, PhaseEvent, ProgressEvent, Reporter } from './events.ts'
