import { adviceFor } from '../../../advice.ts'
import type { Catalog } from '../../../catalog/catalog.ts'
import type { NotificationEvent } from '../../../notifications/options.ts'
import { eventId } from '../../../notifications/recorded-fact.ts'

const patienceMs = 3_600_000

/** Backups by schedule that wait in the queue: it is paused, blocked, or no worker lives. */
export async function waitingTooLong({ jobs }: Pick<Catalog, 'jobs'>, now: Date): Promise<NotificationEvent[]> {
  const queued = await jobs.list({ statuses: ['queued'], kinds: ['backup'] }, { limit: 200 })
  return queued
    .filter(({ trigger, created_at }) => trigger === 'schedule' && Date.parse(created_at) < now.getTime() - patienceMs)
    .map(({ id, subject_id, database, created_at }) => ({
      ...{ id: eventId(`waiting ${id}`), type: 'backup.missed', at: now.toISOString(), severity: 'failure' as const },
      ...{ database, subject: subject_id, condition: `backups.create:${database}` },
      title: `The backup of "${database}" by schedule waits since ${created_at}`,
      lines: [
        'The queue is paused, something else of this database runs, or no worker is alive.',
        adviceFor('command', 'Look at it: {tasks.list}.'),
      ],
      facts: { task: id },
    }))
}
