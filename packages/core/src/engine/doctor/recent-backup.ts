import { readStatus } from '../read-status.ts'
import type { Probe, RepositoryContext } from './probe.ts'

/** Copies have a probe of their own. */
const noCopies = { states: async () => [] }

/** Whether the newest backup of the database is good and young enough. */
export const recentBackup: Probe<RepositoryContext> = {
  id: 'backup.recent',
  async run({ parts, database, signal }) {
    if (parts.optionalConnection(database) === undefined) return []
    const { level, message } = await readStatus(parts, noCopies, { database, signal })
    const advice = level === 'failed' ? { advice: 'Make one: {backups.create}.' } : {}
    return [{ id: 'backup.recent', level, message, ...advice }]
  },
}
