import type { JobRecord, Json } from '../../catalog/catalog.ts'
import { counted } from '../../counted.ts'
import { EngineError } from '../../errors.ts'
import type { JobContext } from '../../jobs/runner.ts'
import { defaultScrubDays } from '../../policy/scrub-rotation.ts'
import { findCopy } from '../copy-places.ts'
import type { Caller, CopyOperations, MaintenanceOperations } from '../operations-type.ts'
import type { Background } from './core.ts'

/** Jobs that look after the repository as a whole; its databases have nothing to do with them. */
type UpkeepJob = { kind: 'copy' | 'repair' | 'scrub'; writer: string; input: Json } & Caller

/** What the scheduler asks for. */
export const scheduledScrub = (parts: Background['parts']) => ({
  kind: 'scrub',
  database: parts.labels()[0] ?? 'default',
  writer: '.scrub',
  trigger: 'schedule',
  createdBy: 'scheduler',
  input: {},
})

async function addJob({ jobs, parts }: Background, { by, trigger = 'manual', ...job }: UpkeepJob) {
  const database = parts.labels()[0] ?? 'default'
  const { id } = await jobs.add({ ...job, database, trigger, createdBy: by })
  return { task_id: id }
}

export function createCopyOperations(background: () => Promise<Background>): CopyOperations {
  return {
    states: async (options) => (await background()).copies.states(options),
    async run(name, caller) {
      const ready = await background()
      findCopy(ready.parts.copies, name)
      return addJob(ready, { kind: 'copy', writer: `.copy:${name}`, input: { copy: name }, ...caller })
    },
  }
}

export function createRepairOperations(
  background: () => Promise<Background>,
): Pick<MaintenanceOperations, 'repair' | 'scrub'> {
  return {
    async repair({ from, dryRun = false, by, trigger }) {
      const ready = await background()
      if (from !== undefined) findCopy(ready.parts.copies, from)
      const input = { ...(from === undefined ? {} : { from }), dry_run: dryRun }
      return addJob(ready, { kind: 'repair', writer: '.prune', input, by, trigger })
    },
    async scrub(caller) {
      return addJob(await background(), { kind: 'scrub', writer: '.scrub', input: {}, ...caller })
    },
  }
}

/** Each copy is brought up to date after a backup, as a job of its own: its failure is not the backup's. */
export async function copyAfter(ready: Background, { created_by }: JobRecord): Promise<void> {
  const waiting = await ready.catalog.jobs.list({ statuses: ['queued'], kinds: ['copy'] })
  for (const name of ready.copies.names()) {
    // One that has not begun yet takes this backup along.
    if (waiting.some(({ input }) => input.copy === name)) continue
    await addJob(ready, {
      ...{ kind: 'copy', writer: `.copy:${name}`, input: { copy: name }, by: created_by, trigger: 'schedule' },
    })
  }
}

export async function runCopyJob({ copies }: Background, { input }: JobRecord, context: JobContext): Promise<Json> {
  return { ...(await copies.update(input.copy as string, context)) }
}

export async function runRepairJob(
  { maintenance }: Background,
  { input }: JobRecord,
  context: JobContext,
): Promise<Json> {
  const { from, dry_run: dryRun } = input as { from?: string; dry_run?: boolean }
  const done = await maintenance.repair({ from, dryRun, ...context })
  if (done.ok) return { ...done }
  const lost = done.items.filter(({ outcome }) => outcome === 'lost')
  throw new EngineError('REPOSITORY_DAMAGED', `No copy has what ${counted(lost.length, 'damaged object')} held.`, {
    advice: 'Delete the backups that are named, or repair from another copy.',
    detail: { ...done },
  })
}

export async function runScrubJob(
  { maintenance, config }: Background,
  _: JobRecord,
  context: JobContext,
): Promise<Json> {
  const { scrub_days, scrub_repair } = await config.read()
  const days = scrub_days > 0 ? scrub_days : defaultScrubDays
  const found = await maintenance.scrub({ days, repair: scrub_repair, ...context })
  if (found.ok) return { ...found }
  throw new EngineError(
    'REPOSITORY_DAMAGED',
    `A scrub found ${counted(found.problems.length, 'damaged or missing pack')}.`,
    {
      advice: 'Repair them from a copy: `lifeboat repair`. The backups that need them are marked as bad.',
      detail: { ...found },
    },
  )
}
