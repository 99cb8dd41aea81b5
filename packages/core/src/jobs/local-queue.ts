import PQueue from 'p-queue'
import type { Delivery, JobQueue } from './job-queue.ts'

/** The queue of one process, in memory: the runner fills it again from the catalog after a start. */
export function createLocalQueue({ concurrency = 2 }: { concurrency?: number } = {}): JobQueue {
  const all = new PQueue({ concurrency, autoStart: false })
  const writers = new Map<string, PQueue>()
  const waiting = new Map<string, PQueue>()
  let deliver: ((jobId: string) => Promise<Delivery>) | undefined
  let paused = false

  /** Jobs of one writer wait in a queue of their own, so that they do not fill the places of others. */
  const queueOf = (writer: string | null) => {
    if (writer === null) return all
    let queue = writers.get(writer)
    if (!queue) {
      queue = new PQueue({ concurrency: 1, autoStart: deliver !== undefined && !paused })
      writers.set(writer, queue)
    }
    return queue
  }
  const run = async (id: string) => {
    waiting.delete(id)
    await deliver?.(id)
  }
  const resume = () => {
    if (deliver === undefined || paused) return
    all.start()
    for (const queue of writers.values()) queue.start()
  }
  return {
    async start(to) {
      deliver = to
      resume()
    },
    async add({ id, position, writer }) {
      if (waiting.has(id)) return
      const queue = queueOf(writer)
      waiting.set(id, queue)
      const priority = -position
      const task = queue === all ? () => run(id) : () => all.add(() => run(id), { id, priority })
      // What a delivery throws is the runner's to record; here it would only be unhandled.
      queue.add(task, { id, priority }).catch(() => {})
    },
    async move(id, position) {
      for (const queue of new Set([waiting.get(id), all])) {
        try {
          queue?.setPriority(id, -position)
        } catch (error) {
          // It is not waiting in this one.
          if (!(error instanceof ReferenceError)) throw error
        }
      }
    },
    async pause() {
      paused = true
      all.pause()
      for (const queue of writers.values()) queue.pause()
    },
    async resume() {
      paused = false
      resume()
    },
    async stop() {
      deliver = undefined
      for (const queue of [...writers.values(), all]) {
        queue.pause()
        queue.clear()
      }
      waiting.clear()
      await all.onPendingZero()
    },
  }
}
