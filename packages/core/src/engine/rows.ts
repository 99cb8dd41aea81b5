import { EngineError } from '../errors.ts'
import { withDatabase } from '../postgres/connection.ts'
import type { RestoreContext } from '../restore/options.ts'
import type { ExtractResult } from '../rows/extract-table.ts'
import type { LossReport } from '../rows/lost.ts'
import type { LostRows } from '../rows/lost-rows.ts'
import type { QueryAnswer } from '../rows/query-backup.ts'
import type { RestoreLoss } from '../rows/restore-loss.ts'
import type { RewindOptions } from '../rows/rewind/options.ts'
import type { RewindPlan } from '../rows/rewind/rewind-plan.ts'
import type { RewindResult } from '../rows/rewind/run-rewind.ts'
import type { KeptRewind } from '../rows/rewind/undo-rewind.ts'
import type { OfDatabase, Running } from './engine-type.ts'
import type { EngineParts } from './parts.ts'

type Call = OfDatabase & Running

/** What came of an undo. */
export interface UndoneRewind {
  rewindId: string
  putBack: number
  takenOut: number
}

/** Single rows of a backup, named by its whole id, and of the live database: what the actions of the room work with. */
export interface Rows {
  /** Counts the rows added, changed and deleted since a backup, by table. Reads no row out. */
  lost(backupId: string, call: Call): Promise<LossReport>
  /**
   * What a restore would lose of the database that it replaces, `replaced` where that is not the one of the label; counted
   * for `timeoutMs` at most. What stands in the way is part of the answer.
   */
  restoreLoss(backupId: string, call: Call & { replaced: string; timeoutMs: number }): Promise<RestoreLoss>
  /** The rows of one table that differ, old and new values. */
  lostRows(request: { backupId: string; table: string; limit: number; offset: number }, call: Call): Promise<LostRows>
  /** What a rewind would put back and take out, and why it would not. Changes nothing. */
  planRewind(options: RewindOptions, call: Call): Promise<RewindPlan>
  /**
   * A plan that was made here for the same request and refuses nothing, by its hash, or the newest: to carry it out, the
   * difference is read again anyway, and compared with it. `null` where there is none.
   */
  plannedBefore(options: RewindOptions, known: { database: string; hash?: string }): RewindPlan | null
  /**
   * Takes back what changed, in place, in one transaction. `PLAN_CHANGED` where rows have changed since the plan was
   * made, unless it is `plannedNow`: then no person has looked at its rows, and later changes are taken back too.
   */
  rewind(plan: RewindPlan, options: Call & { id: string; by: string; plannedNow: boolean }): Promise<RewindResult>
  /** The rewinds that can be undone, newest first. */
  kept(call: Running): Promise<KeptRewind[]>
  /** The one that a reference means: its id, the beginning of it, or `latest`. */
  findKept(reference: string, call: Running): Promise<KeptRewind>
  undo(rewindId: string, call: Call): Promise<UndoneRewind>
  /** Deletes what it takes to undo rewinds whose time is over. Gives their ids. */
  deleteExpired(call: Running): Promise<string[]>
  /** Makes a table of its own from one table of a backup, or some of its rows, in another schema. */
  extract(
    request: { backupId: string; table: string; into: string; where?: string },
    call: Call,
  ): Promise<ExtractResult>
  /** Answers one SELECT over the database as of a backup, whose tables are `was.name`, and the live one. */
  query(request: { backupId: string; sql: string; limit: number; timeoutMs: number }, call: Call): Promise<QueryAnswer>
}

/** Each has a line a table. */
const rememberedPlans = 8

export function createRows(parts: EngineParts): Rows {
  const context = async (label: string | undefined): Promise<RestoreContext> => ({
    ...(await parts.backupContext(label)),
    keepReplacedDays: parts.settings.keepReplacedDays,
  })

  const plans: { database: string | undefined; plan: RewindPlan }[] = []
  const repositoryContext = async () => ({
    repository: await parts.repository(),
    keepReplacedDays: parts.settings.keepReplacedDays,
  })

  const rows: Rows = {
    async lost(backupId, { database, ...running }) {
      const { measureLoss } = await import('../rows/lost.ts')
      return measureLoss(await context(database), backupId, running)
    },
    async restoreLoss(backupId, { database, replaced, ...running }) {
      const { restoreLoss } = await import('../rows/restore-loss.ts')
      const ready = await context(database)
      return restoreLoss({ ...ready, database: withDatabase(ready.database, replaced) }, backupId, running)
    },
    async lostRows(request, { database, ...running }) {
      const { readLostRows } = await import('../rows/lost-rows.ts')
      return readLostRows(await context(database), request, running)
    },
    async planRewind(options, { database, ...running }) {
      const { planRewind } = await import('../rows/rewind/plan-rewind.ts')
      const plan = await planRewind(await context(database), options, running)
      plans.push({ database, plan })
      if (plans.length > rememberedPlans) plans.shift()
      return plan
    },
    plannedBefore(options, { database, hash }) {
      const asked = JSON.stringify(options)
      const found = plans.findLast(
        (one) =>
          one.database === database &&
          JSON.stringify(one.plan.options) === asked &&
          (hash === undefined || one.plan.hash === hash),
      )
      return found && found.plan.refusals.length === 0 ? found.plan : null
    },
    async rewind(plan, { database, ...running }) {
      const { runRewind } = await import('../rows/rewind/run-rewind.ts')
      return runRewind(await context(database), plan, running)
    },
    async kept(running) {
      const { keptRewinds } = await import('../rows/rewind/undo-rewind.ts')
      return keptRewinds(await repositoryContext(), running)
    },
    async deleteExpired(running) {
      const { deleteExpiredRewinds } = await import('../rows/rewind/expired-rewinds.ts')
      return deleteExpiredRewinds(await repositoryContext(), running)
    },
    async findKept(reference, running) {
      return chosenRewind(await rows.kept(running), reference)
    },
    async undo(rewindId, { database, ...running }) {
      const { undoRewind } = await import('../rows/rewind/undo-rewind.ts')
      return undoRewind(await context(database), rewindId, running)
    },
    async extract(request, { database, ...running }) {
      const { extractTable } = await import('../rows/extract-table.ts')
      return extractTable(await context(database), request, running)
    },
    async query(request, { database, ...running }) {
      const { queryBackup } = await import('../rows/query-backup.ts')
      return queryBackup(await context(database), request, running)
    },
  }
  return rows
}

/** The rewind that a reference means: all of its id, the first characters, or `latest`. */
function chosenRewind(kept: readonly KeptRewind[], reference: string): KeptRewind {
  const matches =
    reference === 'latest'
      ? kept.slice(0, 1)
      : kept.filter(({ id }) => id === reference || (reference.length >= 4 && id.startsWith(reference)))
  const [only, second] = matches
  if (!only) throw new EngineError('REWIND_NOT_FOUND', `No rewind "${reference}" can be undone.`)
  if (second) throw new EngineError('BACKUP_AMBIGUOUS', `${matches.length} rewinds begin with "${reference}".`)
  return only
}
