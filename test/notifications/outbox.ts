import type { Fact } from '../../packages/core/src/actions/facts.ts'
import { openSqliteCatalog } from '../../packages/core/src/catalog/sqlite.ts'
import { appendFact } from '../../packages/core/src/engine/background/audit-log.ts'
import { createNotifier } from '../../packages/core/src/engine/background/notify/notifier.ts'
import { notificationOptions } from '../../packages/core/src/notifications/options.ts'
import { createManualClock } from '../../packages/core/src/testing/manual-clock.ts'

export const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

/** A catalog with a notifier on a clock of its own; facts are recorded as the engine records them. */
export async function openOutbox(options: object, { path = ':memory:', start = new Date() } = {}) {
  const catalog = await openSqliteCatalog(path)
  const clock = createManualClock(start)
  const notifier = await createNotifier(catalog, {
    options: notificationOptions.parse({ privateAddresses: ['127.0.0.1'], ...options }),
    ...{ clock, worker: 'w1' },
  })
  return {
    catalog,
    clock,
    notifier,
    async record(outcome: Fact['outcome'], more: Partial<Fact> = {}) {
      const fact: Fact = {
        ...{ type: outcome === 'started' ? 'started' : 'finished', at: new Date(clock.now()).toISOString() },
        ...{ action: 'backups.create', subject: 'b1', actor: 'scheduler', face: 'scheduler', address: null },
        ...{ task_id: 't1', facts: { label: 'shop', number: 12 }, outcome },
        error: outcome === 'failed' ? { code: 'storage_full', detail: 'Key (email)=(canary@example.com)' } : null,
        ...more,
      }
      await appendFact(catalog, fact)
    },
    /** Looks, and waits until all that is due has been tried. */
    async deliver() {
      await notifier.look()
      await notifier.idle()
      await notifier.look()
      await notifier.idle()
    },
    async stop() {
      await notifier.stop()
      await catalog.close()
    },
  }
}
export type Outbox = Awaited<ReturnType<typeof openOutbox>>
