import { EngineError } from '../errors.ts'
import { openSession } from '../postgres/session.ts'
import { defaultRestoreOptions, type RestoreContext, type RestoreOptions, withoutNotice } from '../restore/options.ts'
import type { RestorePlan } from '../restore/plan/plan.ts'
import { planRestore } from '../restore/plan/plan-restore.ts'
import { runRestore } from '../restore/run-restore.ts'
import type { Running } from './engine-type.ts'
import type { EngineParts } from './parts.ts'
import { type RestoreSummary, restoreSummary } from './restore-summary.ts'
import { type NamedTarget, sourcesOf } from './targets.ts'

/** A refresh is a restore by swap whose connection is the target's, and which goes nowhere without the target's mark. */
export async function planRefresh(
  parts: EngineParts,
  target: NamedTarget,
  backupId: string,
  { signal }: Running,
): Promise<{ plan: RestorePlan; context: RestoreContext }> {
  const context = await contextOf(parts, target)
  const plan = await planRestore(context, optionsOf(target, backupId), { signal })
  return { plan, context }
}

/** @throws EngineError what a restore throws; the target is as it was then. */
export async function refreshTarget(
  parts: EngineParts,
  target: NamedTarget,
  backupId: string,
  { confirm, id, signal, report }: Running & { confirm: string; id: string },
): Promise<RestoreSummary> {
  const { plan, context } = await planRefresh(parts, target, backupId, { signal })
  if (confirm !== plan.hash)
    throw new EngineError('PLAN_CHANGED', 'The plan is not the one that was made when the refresh was asked for.', {
      detail: { plan },
    })
  const startedAt = new Date()
  const done = await runRestore(context, plan, { id, plannedNow: true, signal, report })
  return restoreSummary(done, startedAt, new Date())
}

async function contextOf(parts: EngineParts, { name, settings, parameters }: NamedTarget): Promise<RestoreContext> {
  const context = await parts.backupContext(settings.database)
  const { carryOver, validators, dataMigrations, keepReplacedDays } = settings
  return {
    ...context,
    database: parameters,
    // Files are the live application's.
    media: [],
    inspectors: settings.migrations ?? context.inspectors,
    ...{ validators, dataMigrations, keepReplacedDays: keepReplacedDays === 'discard' ? 1 : keepReplacedDays },
    masking: settings.masking ?? parts.settings.masking,
    // The application that this engine runs in goes on: its database stays.
    aroundSwap: withoutNotice,
    target: {
      ...{ name, repository: context.repository.id, carryOver, sources: sourcesOf(parts) },
      ...(await watched(context)),
      discardReplaced: keepReplacedDays === 'discard',
    },
  }
}

/** The configured database, where it answers. */
async function watched({ database }: RestoreContext): Promise<Pick<NonNullable<RestoreContext['target']>, 'watched'>> {
  try {
    await (await openSession(database, { application: 'target check', connectTimeoutMs: 5_000 })).close()
    return { watched: database }
  } catch {
    return {}
  }
}

function optionsOf({ name, settings, parameters }: NamedTarget, backupId: string): RestoreOptions {
  const { masked, roleMap, createRoles, noOwner, noPrivileges, noTablespaces, leaveOut } = settings
  return {
    ...defaultRestoreOptions,
    ...{ backupId, target: name, targetDatabase: parameters.database, strategy: 'swap', safetyBackup: false },
    // The mark says that it is meant.
    intoOther: true,
    ...{ roleMap, createRoles, noOwner, noPrivileges, noTablespaces },
    ...(leaveOut.length > 0 ? { leaveOut } : {}),
    ...(masked ? { masked } : {}),
  }
}
