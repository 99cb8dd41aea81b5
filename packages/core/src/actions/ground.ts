import type { AuditKeeper } from '../engine/background/audit/audit-keeper.ts'
import type { Background, EngineCore } from '../engine/background/core.ts'
import type { Keys } from '../engine/keys.ts'
import type { FactStream } from './facts.ts'

/** What every action stands on: the rooms of the engine, its background, and the stream of facts. */
export interface Ground extends EngineCore {
  keys: Keys
  /** The catalog and the jobs in it; opened when it is first needed. Throws what opening it throws. */
  background(): Promise<Background>
  /**
   * The same for what is only recorded in passing: null where no catalog is configured (a script against a bucket), or
   * where it cannot be opened, or is damaged. Then facts are sealed into the repository.
   */
  history(): Promise<Background | null>
  /** Why there is no catalog although there should be one; null where nothing is wrong. */
  catalogProblem(): Promise<unknown>
  /** Gives up the reserve of the repository where the catalog cannot be opened because its disk is full. */
  makeRoom(): Promise<void>
  facts: FactStream
  /** Vouches for what is recorded. */
  audit: AuditKeeper
  /** Begins to run jobs and the schedule. */
  start(): Promise<void>
  /** Whether jobs run in this process. */
  isStarted(): boolean
  /** Fires when the engine stops: streams end then. */
  readonly stopping: AbortSignal
}
