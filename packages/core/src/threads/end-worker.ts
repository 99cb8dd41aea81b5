import type { Worker } from 'node:worker_threads'

/** What a thread works off without coming to its messages takes milliseconds. */
const patienceMs = 2000

/**
 * Ends a thread by a message at which it calls `process.exit()`, which ends the thread alone. `terminate()` stops it at
 * any instruction; where a zstd context is just being made, Node then aborts the whole process and the host with it
 * ("close before init" in node_zlib.cc). So only a thread that does not come to its messages is terminated.
 */
export async function endWorker(worker: Worker, ask: () => void): Promise<void> {
  // So it is once the thread has ended.
  if (worker.threadId < 0) return
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  ask()
  const timer = setTimeout(() => void worker.terminate(), patienceMs)
  await ended
  clearTimeout(timer)
}
