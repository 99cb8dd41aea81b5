import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Json } from '../catalog/catalog.ts'
import type { EngineSettings } from '../config.ts'
import { createAuditKeeper } from '../engine/background/audit/audit-keeper.ts'
import { type Background, type EngineCore, type Once, once } from '../engine/background/core.ts'
import { createOwedFacts, type OwedFacts } from '../engine/background/owed-facts.ts'
import { createBackups } from '../engine/backups.ts'
import { createCopies } from '../engine/copies.ts'
import { createDrills } from '../engine/drills.ts'
import { createKeys } from '../engine/keys.ts'
import { createMaintenance } from '../engine/maintenance.ts'
import { createMaintenanceMode, type MaintenanceMode } from '../engine/maintenance-mode.ts'
import { createMasking } from '../engine/masking.ts'
import { createMigrations } from '../engine/migrations.ts'
import { createEngineParts } from '../engine/parts.ts'
import { preloadModules } from '../engine/preload-modules.ts'
import { repositoryFolder } from '../engine/repository-folder.ts'
import { createRestores } from '../engine/restores.ts'
import { createRows } from '../engine/rows.ts'
import { createTargets } from '../engine/targets.ts'
import { EngineError, isEngineError } from '../errors.ts'
import { isoTime, systemClock } from '../jobs/clock.ts'
import { randomId } from '../jobs/job-id.ts'
import type { Scheduler } from '../jobs/scheduler.ts'
import type { Repository } from '../repository/repository.ts'
import { checkApprovalOptions, checkApprovals } from './approvals/policy-of.ts'
import { createFactStream, type Fact } from './facts.ts'
import type { Ground } from './ground.ts'

/** The ground of one engine, with what only its owner may do. */
export interface EngineGround extends Ground {
  readonly maintenanceMode: MaintenanceMode
  stop(): Promise<void>
}

/** Ended jobs and their logs are kept this long. */
const historyMs = 400 * 86_400_000

/** Puts the rooms of the engine together. Nothing is opened before it is needed, and nothing runs before `start`. */
export function createGround(settings: EngineSettings): EngineGround {
  checkApprovalOptions(settings)
  const core = createCore(settings)
  const { parts } = core
  const clock = systemClock
  const worker = randomId('w')
  const stopping = new AbortController()
  let begun = false

  const opening = once(async (): Promise<Background> => {
    const { openBackground } = await import('../engine/background/open-background.ts')
    return openBackground(core, { ground: () => ground, clock, worker })
  })
  const { history, problem, makeRoom } = createHistory(opening, {
    hasCatalog: () => hasCatalog(settings, begun),
    repository: () => parts.repository(),
  })
  const owed = createOwedFacts()
  const facts = createFactStream((fact, required) => recordFact(ground, fact, { required, owed }))
  const audit = createAuditKeeper({
    repository: () => parts.repository(),
    catalog: async () => (await opening.opened()?.catch(() => null))?.catalog ?? null,
  })

  // Messages are made from what is recorded; a fact is a hint to look, and waits for nothing.
  if (settings.notifications.channels.length > 0)
    facts.subscribe(() => {
      const wake = async () => (await opening.opened())?.notifier?.wake()
      wake().catch(() => {})
    })

  const started = once(async (): Promise<Scheduler> => {
    begun = true
    await checkApprovals(settings)
    const ready = await opening.get()
    const { createEngineScheduler } = await import('../engine/background/run-schedule.ts')
    const scheduler = await createEngineScheduler(ground, ready, { clock, worker })
    await ready.catalog.jobs.forget(isoTime(clock.now() - historyMs))
    await ready.jobs.start()
    scheduler.start()
    ready.notifier?.start()
    preloadModules(stopping.signal).catch(() => {})
    return scheduler
  })

  const ground: EngineGround = {
    ...core,
    keys: createKeys(parts),
    background: opening.get,
    history,
    catalogProblem: problem,
    makeRoom,
    facts,
    audit,
    isStarted: () => begun,
    stopping: stopping.signal,
    async start() {
      await started.get()
    },
    stop: once(async () => {
      stopping.abort()
      const scheduler = await started.opened()?.catch(() => undefined)
      await scheduler?.stop()
      const ready = await opening.opened()?.catch(() => undefined)
      if (ready) {
        await ready.jobs.stop()
        await ready.notifier?.stop()
        await audit.stop()
        await ready.catalog.workers.remove(worker).catch(() => {})
        await ready.catalog.close()
      }
      await owed.leave()
      await parts.close()
    }).get,
  }
  return ground
}

interface CatalogPlaces {
  hasCatalog(): boolean
  repository(): Promise<Repository>
}

/** The catalog for calls that go on without it. One that cannot be opened is warned of once. */
function createHistory(opening: Once<Background>, { hasCatalog, repository }: CatalogPlaces) {
  let unavailable: unknown
  const history = async (): Promise<Background | null> => {
    if (opening.opened()) {
      const ready = await opening.get().catch(() => null)
      return ready && isReadable(ready) ? ready : null
    }
    if (unavailable !== undefined || !hasCatalog()) return null
    try {
      return await opening.get()
    } catch (error) {
      unavailable = error
      process.emitWarning(
        `The catalog cannot be opened: ${error instanceof Error ? error.message : String(error)} Facts are sealed into the repository.`,
      )
      return null
    }
  }
  return {
    history,
    problem: async () => (await opening.opened()?.catch(() => null))?.catalog.problem() ?? unavailable ?? null,
    async makeRoom() {
      if ((await history()) || !isEngineError(unavailable, 'CATALOG_DAMAGED') || unavailable.detail.fault !== 'full')
        return
      const { giveUpReserve } = await import('../repository/reserve.ts')
      await giveUpReserve(await repository())
      unavailable = undefined
    },
  }
}

/** A damaged catalog is read again from time to time: it may have been put right, as a database can be. */
const lookAgainMs = 5_000
const lookedAt = new WeakMap<Background, number>()

function isReadable(ready: Background): boolean {
  if (ready.catalog.problem() === null) return true
  const now = performance.now()
  if (now - (lookedAt.get(ready) ?? Number.NEGATIVE_INFINITY) >= lookAgainMs) {
    lookedAt.set(ready, now)
    // No caller waits for it.
    void ready.catalog.retry()
  }
  return false
}

function createCore(settings: EngineSettings): EngineCore & Pick<EngineGround, 'maintenanceMode'> {
  const parts = createEngineParts(settings)
  const backups = createBackups(parts)
  const { mode, around } = createMaintenanceMode(settings.hooks)
  const restores = createRestores(parts, backups, around)
  return {
    parts,
    backups,
    restores,
    maintenance: createMaintenance(parts),
    copies: createCopies(parts),
    rows: createRows(parts),
    migrations: createMigrations(parts, backups),
    drills: createDrills(parts, backups),
    masking: createMasking(parts),
    targets: createTargets(parts),
    maintenanceMode: mode,
  }
}

/**
 * Whether calls in passing are recorded in a catalog: where one or a channel of notifications is configured, where the repository is a folder (it lies
 * in it), where jobs run, or where an earlier run has made one here. A script against a bucket makes none.
 */
function hasCatalog(settings: EngineSettings, isStarted: boolean): boolean {
  if (settings.catalog !== undefined || isStarted || settings.notifications.channels.length > 0) return true
  return repositoryFolder(settings) !== null || existsSync(resolve('.lifeboat', 'catalog.sqlite'))
}

/** The audit is the first subscriber: in the catalog, or sealed into the repository. */
async function recordFact(
  ground: Ground,
  fact: Fact,
  { required, owed }: { required: boolean; owed: OwedFacts },
): Promise<void> {
  await owed.pay(async (one, origin) => {
    const more = { recorded_later: new Date().toISOString() }
    return (await recordOnce(ground, one, { later: { origin, more } })) === null
  })
  const problem = await recordOnce(ground, fact, { required })
  if (problem === null) return
  const reason = problem instanceof Error ? problem.message : String(problem)
  if (required)
    throw new EngineError(
      'AUDIT_UNAVAILABLE',
      `It cannot be recorded before it acts, so it does not begin. ${reason}`,
      {
        cause: problem,
      },
    )
  if (typeof fact.facts.unrecorded === 'string') await owed.add(fact)
  // Where not even the repository is there, the action itself has said so.
  process.emitWarning(`This could not be recorded: ${fact.action} ${fact.outcome}. ${reason}`)
}

/** Null: it is recorded, and where that is required, in the repository too. Else what kept it from being so. */
async function recordOnce(
  ground: Ground,
  fact: Fact,
  { required = false, later }: { required?: boolean; later?: { origin: string; more: Json } },
): Promise<unknown> {
  const ready = await ground.history()
  if (ready) {
    const { appendFact, appendLaterFact } = await import('../engine/background/audit-log.ts')
    const key = await ground.audit.key()
    const appended = later
      ? appendLaterFact(ready.catalog, fact, { key, ...later })
      : appendFact(ready.catalog, fact, { key })
    const event = await appended.catch(() => null)
    const isAnchored = event && (await ground.audit.recorded(fact, event, { required }))
    if (event && (!required || isAnchored)) return null
  }
  const { sealInRepository } = await import('../engine/background/sealed-facts.ts')
  const { origin, more } = later ?? {}
  const sealed = later ? { ...fact, facts: { ...fact.facts, ...more, origin } } : fact
  return sealInRepository(ground, sealed).then(
    () => null,
    (error: unknown) => error ?? new Error('no reason given'),
  )
}
