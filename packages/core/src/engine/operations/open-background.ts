import type { Clock } from '../../jobs/clock.ts'
import { createJobs } from '../../jobs/jobs.ts'
import { createLocalQueue } from '../../jobs/local-queue.ts'
import type { Background, EngineCore } from './core.ts'
import { createJobHandlers } from './handlers.ts'
import { openCatalog } from './open-catalog.ts'
import { createRunTimeSettings } from './run-time-settings.ts'

/** Opens the catalog and the jobs in it. A file of its own: what it brings along is only loaded by who has a background. */
export async function openBackground(
  core: EngineCore,
  run: { background: () => Promise<Background>; clock: Clock; worker: string },
): Promise<Background> {
  const { background, clock, worker } = run
  const catalog = await openCatalog(core.parts)
  const jobs = createJobs({
    catalog,
    queue: createLocalQueue({ concurrency: core.parts.settings.jobConcurrency }),
    handlers: createJobHandlers(background),
    clock,
    worker,
  })
  return { ...core, catalog, jobs, config: createRunTimeSettings(core.parts, catalog) }
}
