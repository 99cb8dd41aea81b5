import type { Json } from '../catalog/catalog.ts'
import type { Face } from './caller.ts'

/** What happened, through whatever door: who did what to what, and how it ended. Plain JSON without secrets. */
export interface Fact {
  /** `started`: a job was asked for. `finished`: the action has ended, or was refused. */
  type: 'started' | 'finished'
  at: string
  /** Name of the action. */
  action: string
  /** Id of the backup, restore, task or copy. */
  subject: string | null
  actor: string
  face: Face
  address: string | null
  outcome: FactOutcome
  task_id: string | null
  /** What the action says of itself. */
  facts: Json
  error: { code: string; detail: string } | null
}

export const factOutcomes = ['started', 'succeeded', 'failed', 'cancelled', 'interrupted', 'refused'] as const
export type FactOutcome = (typeof factOutcomes)[number]

/** One stream for audit, notifications, metrics and the host: they subscribe, and no action knows of them. */
export interface FactStream {
  /** Called with every fact of this process, in order, once it is recorded. What it throws is a warning. */
  subscribe(listener: FactListener): { stop(): void }
  /**
   * Records a fact and hands it on. Resolves when it is recorded. `required`: throws `AUDIT_UNAVAILABLE` unless the repository
   * holds it.
   */
  publish(fact: Fact, how?: { required?: boolean }): Promise<void>
}

/** Is called with each fact once the audit log has it. What it throws becomes a warning and changes nothing. */
export type FactListener = (fact: Fact) => void | Promise<void>

/** `record` is the audit: it comes first, and what it cannot do fails the publishing. */
export function createFactStream(record: (fact: Fact, required: boolean) => Promise<void>): FactStream {
  const listeners = new Set<FactListener>()
  return {
    subscribe(listener) {
      listeners.add(listener)
      return { stop: () => void listeners.delete(listener) }
    },
    async publish(fact, { required = false } = {}) {
      await record(fact, required)
      for (const listener of listeners) {
        try {
          await listener(fact)
        } catch (error) {
          process.emitWarning(error instanceof Error ? error : String(error))
        }
      }
    },
  }
}
