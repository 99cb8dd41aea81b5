import type { Runner, RunnerOptions, WorkerUtils } from 'graphile-worker'
import type { HostQueue, JobMessage, RunMessage } from '../jobs/host-queue.ts'
import { loadOptionalPeer } from '../storage/optional-peer.ts'

/** The options of `graphileWorkerQueue`. */
export interface GraphileWorkerQueueOptions {
  /** URL of the database with graphile-worker's schema, or a `pg` pool of the host's, which stays open. */
  connection: string | object
  /** Of the task; default `lifeboat`. */
  name?: string
  /** graphile-worker's schema; default its own, `graphile_worker`. */
  schema?: string
  /**
   * What runs the jobs in this process: a runner of its own (default), the host's, which is given `taskList`, or none,
   * where this process only brings them.
   */
  runner?: 'own' | 'host' | 'none'
  /** How often its own runner looks for what is due later, in ms; default 2000. */
  pollMs?: number
}

export interface GraphileWorkerQueue extends HostQueue {
  /** For the host's runner: `run({ taskList: { ...mine, ...queue.taskList } })`. */
  readonly taskList: Record<string, (payload: unknown) => Promise<void>>
}

/**
 * Jobs on graphile-worker. A message has its task as job key and is tried once. One whose worker died stays locked, for
 * four hours; it does not stand in the way of another one with its key.
 */
export function graphileWorkerQueue(options: GraphileWorkerQueueOptions): GraphileWorkerQueue {
  const { name = 'lifeboat', runner: which = 'own', pollMs = 2000 } = options
  let opened: Promise<Opened> | undefined
  let runner: Runner | undefined
  let run: RunMessage | undefined

  const open = () => {
    opened ??= openUtilities(options).catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }
  const bring = async (message: JobMessage, runAt: Date | undefined) => {
    const { utilities } = await open()
    await utilities.addJob(name, message, { jobKey: message.task_id, maxAttempts: 1, ...(runAt ? { runAt } : {}) })
  }
  const taskList = {
    async [name](payload: unknown) {
      const message = payload as JobMessage
      // The host's runner may be there before the engine has been started.
      const end = run ? await run(message.task_id) : { laterMs: 5000 }
      // This one ends; another one with its key waits.
      if (end !== 'done') await bring(message, new Date(Date.now() + end.laterMs))
    },
  }

  return {
    name: `graphile-worker "${name}"`,
    taskList,
    bring: (message) => bring(message, undefined),
    async work(to, { concurrency }) {
      const { library, shared } = await open()
      if (which !== 'none') run = to
      if (which !== 'own') return
      runner = await library.run({ ...shared, taskList, concurrency, pollInterval: pollMs, noHandleSignals: true })
      runner.promise.catch((error: unknown) => process.emitWarning(`graphile-worker has ended: ${String(error)}`))
    },
    async close() {
      const closing = { runner, opened }
      run = runner = opened = undefined
      // It may have ended by itself.
      await closing.runner?.stop().catch(() => {})
      await (await closing.opened?.catch(() => undefined))?.utilities.release()
    },
  }
}

interface Opened {
  library: typeof import('graphile-worker')
  shared: RunnerOptions
  utilities: WorkerUtils
}

async function openUtilities({ connection, schema }: GraphileWorkerQueueOptions): Promise<Opened> {
  const what = 'A queue of graphile-worker'
  const library = await loadOptionalPeer('graphile-worker', () => import('graphile-worker'), what)
  const logger = new library.Logger(() => (level, message) => {
    if (level === 'error') process.emitWarning(`graphile-worker: ${message}`)
  })
  const shared: RunnerOptions = {
    ...(typeof connection === 'string'
      ? { connectionString: connection, maxPoolSize: 4 }
      : { pgPool: connection as NonNullable<RunnerOptions['pgPool']> }),
    ...(schema === undefined ? {} : { schema }),
    logger,
  }
  const utilities = await library.makeWorkerUtils(shared)
  await utilities.migrate()
  return { library, shared, utilities }
}
