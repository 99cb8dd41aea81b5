import { setImmediate as breathe } from 'node:timers/promises'
import type { JobOutline } from '../../catalog/catalog.ts'
import { hasEnded } from '../../jobs/jobs.ts'
import { type UnfinishedBackup, unfinishedBackup } from './backup-rows.ts'
import type { Background } from './core.ts'

/** Read one by one up to this many, in pages beyond. */
const few = 50
const pageSize = 500
/** A row takes about a kilobyte. */
const mostRemembered = 20_000

/**
 * Reads the backups that are known by their jobs alone. A job that has ended does not change any more: it is read once
 * and remembered, so that a history of ten thousand costs a list nothing.
 */
export function createUnfinishedBackups({ catalog, parts }: Pick<Background, 'catalog' | 'parts'>) {
  let remembered = new Map<string, UnfinishedBackup>()

  return async (jobs: readonly JobOutline[]): Promise<UnfinishedBackup[]> => {
    const unknown = jobs.filter(({ id }) => !remembered.has(id)).map(({ id }) => id)
    const read = new Map<string, UnfinishedBackup>()
    const take = (job: Awaited<ReturnType<typeof catalog.jobs.get>>) => {
      if (!job) return
      // A job's label may be none of the configured ones any more.
      const isKnown = parts.labels().includes(job.database)
      const row = unfinishedBackup(job, isKnown ? parts.connection(job.database).database : job.database)
      if (hasEnded(job)) remembered.set(job.id, row)
      read.set(job.id, row)
    }
    if (unknown.length <= few) for (const id of unknown) take(await catalog.jobs.get(id))
    else
      for (let offset = 0; ; offset += pageSize) {
        const page = await catalog.jobs.list({ kinds: ['backup'] }, { limit: pageSize, offset })
        page.forEach(take)
        if (page.length < pageSize) break
        // Rows of SQLite come without a pause; the host's own work must get its turn between them.
        await breathe()
      }
    const rows = jobs.flatMap(({ id }) => read.get(id) ?? remembered.get(id) ?? [])
    // Most of them have been forgotten since.
    if (remembered.size > mostRemembered) remembered = new Map()
    return rows
  }
}
