import type { PgBoss } from 'pg-boss'
import type { HostQueue, JobMessage } from '../jobs/host-queue.ts'
import { loadOptionalPeer } from '../storage/optional-peer.ts'

/** The options of `pgBossQueue`. */
export interface PgBossQueueOptions {
  /** URL of the database with pg-boss's schema, or the host's own PgBoss, which it has started and stops itself. */
  connection: string | object
  /** Of the queue; default `lifeboat`. Made when it is not there. */
  name?: string
  /** pg-boss's schema, where `connection` is a URL; default its own, `pgboss`. */
  schema?: string
  /** False: this process brings jobs and leaves running them to others. Default true. */
  work?: boolean
  /** How often it asks for messages, in seconds, from 0.5; default 2. */
  pollSeconds?: number
}

/**
 * Jobs on pg-boss (12.38 or newer). A message is known by its task, and is tried once; one whose worker is silent for a
 * minute, or that takes a day, is failed by pg-boss, and its job goes on or is taken up as the catalog says.
 */
export function pgBossQueue(options: PgBossQueueOptions): HostQueue {
  const { name = 'lifeboat', connection, work = true, pollSeconds = 2 } = options
  let opened: Promise<PgBoss> | undefined
  let works = false

  async function open(): Promise<PgBoss> {
    const boss = typeof connection === 'string' ? await startOwn(connection, options.schema) : (connection as PgBoss)
    // One that is there keeps the options the host gave it.
    await boss.createQueue(name, { retryLimit: 0, expireInSeconds: 86_400, heartbeatSeconds: 60 })
    return boss
  }
  const boss = () => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }
  const bring = async (message: JobMessage, startAfter: number) => {
    await (await boss()).upsert(name, message, { singletonKey: message.task_id, startAfter, retryLimit: 0 })
  }

  return {
    name: `pg-boss "${name}"`,
    bring: (message) => bring(message, 0),
    async work(run, { concurrency }) {
      const opening = await boss()
      if (!work) return
      const how = { localConcurrency: concurrency, pollingIntervalSeconds: pollSeconds }
      await opening.work<JobMessage>(name, how, async (jobs) => {
        for (const { data } of jobs) {
          const end = await run(data.task_id)
          // This one ends; another one of the same task waits.
          if (end !== 'done') await bring(data, Math.ceil(end.laterMs / 1000))
        }
      })
      works = true
    },
    async close() {
      const closing = await opened?.catch(() => undefined)
      opened = undefined
      if (works) await closing?.offWork(name, { wait: true })
      if (typeof connection === 'string') await closing?.stop({ graceful: true, close: true, timeout: 10_000 })
    },
  }
}

async function startOwn(connectionString: string, schema: string | undefined): Promise<PgBoss> {
  const library = await loadOptionalPeer('pg-boss', () => import('pg-boss'), 'A queue of pg-boss')
  const boss = new library.PgBoss({ connectionString, max: 4, ...(schema === undefined ? {} : { schema }) })
  // It asks again by itself; what could not be said fails where it was said.
  boss.on('error', () => {})
  await boss.start()
  return boss
}
