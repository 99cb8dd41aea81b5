import { EngineError } from '../errors.ts'
import { nearestName } from '../nearest-name.ts'
import type { TargetSettings } from '../options/target-option.ts'
import { type ConnectionParameters, resolveConnection } from '../postgres/connection.ts'
import type { RestorePlan } from '../restore/plan/plan.ts'
import type { Adopted, AdoptionFacts } from '../restore/target/adopt-target.ts'
import type { DatabaseIdentity } from '../restore/target/target-identity.ts'
import type { TargetState } from '../restore/target/target-state.ts'
import type { Running } from './engine-type.ts'
import type { EngineParts } from './parts.ts'
import type { RestoreSummary } from './restore-summary.ts'

/** A configured target. */
export interface NamedTarget {
  name: string
  settings: TargetSettings
  parameters: ConnectionParameters
}

/** Databases that are replaced by refreshes: restores of backups, masked on their way, of production or not. */
export interface TargetsRoom {
  names(): string[]
  /** Throws `TARGET_NOT_FOUND`. */
  find(name: string): NamedTarget
  /** As each target's server has it now. */
  list(call: Running & { target?: string | undefined }): Promise<TargetState[]>
  /** What would be adopted, and why it must not be. Changes nothing. */
  planAdoption(name: string, call: Running): Promise<AdoptionFacts>
  /** Marks the database that was looked at; makes it where there is none. `PLAN_CHANGED`, `TARGET_REFUSED`. */
  adopt(name: string, planned: DatabaseIdentity | null, call: Running): Promise<Adopted>
  /** `backupId` is whole. */
  plan(name: string, backupId: string, call: Running): Promise<RestorePlan>
  /** Throws `PLAN_CHANGED` where the plan is not `confirm`. */
  refresh(name: string, backupId: string, call: Running & { confirm: string; id: string }): Promise<RestoreSummary>
}

export function createTargets(parts: EngineParts): TargetsRoom {
  const { targets } = parts.settings
  const room: TargetsRoom = {
    names: () => Object.keys(targets),
    find(name) {
      // Own property only: a name comes from outside and could be "constructor".
      const settings = Object.hasOwn(targets, name) ? targets[name] : undefined
      if (settings) return { name, settings, parameters: resolveConnection(settings.url) }
      const meant = nearestName(name, room.names())
      throw new EngineError('TARGET_NOT_FOUND', `There is no target "${name}".`, {
        ...(meant ? { advice: `Did you mean "${meant}"? {targets.list} lists them.` } : {}),
      })
    },
    async list({ target, signal }) {
      const names = target === undefined ? room.names() : [room.find(target).name]
      if (names.length === 0) return []
      const [{ readTargetState }, { id: repository }] = await Promise.all([
        import('../restore/target/target-state.ts'),
        parts.repository(),
      ])
      return Promise.all(names.map((name) => readTargetState({ ...room.find(name), repository }, { signal })))
    },
    async planAdoption(name, { signal }) {
      const { planAdoption } = await import('../restore/target/adopt-target.ts')
      return planAdoption(await adopted(parts, room.find(name)), { signal })
    },
    async adopt(name, planned, { signal }) {
      const { adoptTarget } = await import('../restore/target/adopt-target.ts')
      return adoptTarget(await adopted(parts, room.find(name)), planned, { signal })
    },
    async plan(name, backupId, { signal }) {
      const { planRefresh } = await import('./refresh-target.ts')
      return (await planRefresh(parts, room.find(name), backupId, { signal })).plan
    },
    async refresh(name, backupId, call) {
      const { refreshTarget } = await import('./refresh-target.ts')
      return refreshTarget(parts, room.find(name), backupId, call)
    },
  }
  return room
}

async function adopted(parts: EngineParts, { name, parameters }: NamedTarget) {
  const { id: repository } = await parts.repository()
  return { target: name, parameters, repository, sources: sourcesOf(parts) }
}

/** Every configured database. */
export const sourcesOf = (parts: EngineParts): { label: string; parameters: ConnectionParameters }[] =>
  parts.labels().map((label) => ({ label, parameters: parts.connection(label) }))
