import { randomBytes } from 'node:crypto'
import { throwIfAborted } from '../../errors.ts'
import { defaultPackBytes, prefixes } from '../../repository/layout.ts'
import type { Storage } from '../../storage/storage.ts'

export interface StorageSpeed {
  /** Bytes a second, two objects at once. */
  uploadBytesPerSecond: number
  downloadBytesPerSecond: number
  /** The middle one of some looks at a small object. */
  latencyMs: number
  writtenBytes: number
}

const prefix = `${prefixes.probes}bench-`
/** What a run that was killed has left is removed by a later one, once it cannot be under way any more. */
const leftMs = 3_600_000

/**
 * Writes and reads back objects of the size of a pack, two at once, until the time or the bytes are over, and removes them
 * on every path. What a killed run left is removed too.
 */
export async function measureStorage(
  storage: Storage,
  { maxBytes, maxMs, signal }: { maxBytes: number; maxMs: number; signal: AbortSignal | undefined },
): Promise<StorageSpeed> {
  await removeLeft(storage)
  const run = `${prefix}${randomBytes(8).toString('hex')}`
  const size = Math.max(64 * 1024, Math.min(defaultPackBytes, Math.floor(maxBytes / 2)))
  const data = randomBytes(size)
  const names: string[] = []
  try {
    const latencyMs = await measureLatency(storage, signal)
    const until = performance.now() + maxMs
    let upMs = 0
    let downMs = 0
    let bytes = 0
    while (bytes === 0 || (performance.now() < until && bytes + 2 * size <= maxBytes)) {
      throwIfAborted(signal)
      const pair = [`${run}-${names.length}`, `${run}-${names.length + 1}`]
      names.push(...pair)
      upMs += await timed(() => allEnded(pair.map((name) => storage.put(name, data, { signal }))))
      downMs += await timed(() => allEnded(pair.map((name) => storage.get(name, { signal }))))
      bytes += 2 * size
    }
    const perSecond = (ms: number) => bytes / (ms / 1000)
    return {
      ...{ uploadBytesPerSecond: perSecond(upMs), downloadBytesPerSecond: perSecond(downMs) },
      ...{ latencyMs, writtenBytes: bytes },
    }
  } finally {
    // Without the signal: what was written goes, also after an interruption.
    for (const name of names) await storage.delete(name)
  }
}

async function measureLatency(storage: Storage, signal: AbortSignal | undefined): Promise<number> {
  const looks: number[] = []
  for (let n = 0; n < 5; n++) looks.push(await timed(() => storage.stat('config', { signal })))
  return looks.sort((a, b) => a - b)[2] ?? 0
}

/** One that still runs would write after everything was removed. */
async function allEnded(work: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(work)
  await Promise.all(work)
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

async function removeLeft(storage: Storage): Promise<void> {
  const left: string[] = []
  for await (const { name, modifiedAt } of storage.list(prefix))
    if (Date.now() - modifiedAt.getTime() > leftMs) left.push(name)
  for (const name of left) await storage.delete(name)
}
