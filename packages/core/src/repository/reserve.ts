import { randomBytes } from 'node:crypto'
import { isEngineError } from '../errors.ts'
import { wrapStorage } from '../storage/wrap.ts'
import { cleanNumbers } from './documents/numbers.ts'
import { reserveName } from './layout.ts'
import type { Repository } from './repository.ts'

/** Room for leases, a mark, and the few index objects (2.2 MB at most each) that a prune writes before it deletes any. */
export const defaultReserveBytes = 4 * 1024 * 1024

/** The reserve is made only where so many times its size is free: it must not fill what it is kept for. */
const roomFactor = 4

/**
 * Keeps an object of `bytes` bytes whose only use is to be deleted when the storage is full. Undefined: the default where
 * the storage says how much is free, else none; 0: none. Where there is no room it is left to a later call. Never throws
 * for want of space.
 */
export async function keepReserve(
  { storage }: Repository,
  bytes: number | undefined,
  { signal }: { signal?: AbortSignal } = {},
): Promise<void> {
  const free = await storage.freeBytes?.()
  const isSized = free !== undefined && free < Number.MAX_SAFE_INTEGER
  if (bytes === undefined && !isSized) return
  const wanted = bytes ?? defaultReserveBytes
  const found = await storage.stat(reserveName, { signal })
  if (wanted === (found?.bytes ?? 0)) return
  if (wanted === 0) return storage.delete(reserveName, { signal })
  if (isSized && free < wanted * roomFactor) return
  try {
    // Random, so that it takes its size also where a file system compresses.
    await storage.put(reserveName, randomBytes(wanted), { signal })
  } catch (error) {
    if (!isEngineError(error, 'STORAGE_FULL')) throw error
  }
}

/**
 * How many bytes the reserve should have and has not; 0 where nothing is missing, or none is wanted.
 */
export async function missingReserve(
  { storage }: Pick<Repository, 'storage'>,
  bytes: number | undefined,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<number> {
  const wanted = bytes ?? ((await isSized(storage)) ? defaultReserveBytes : 0)
  return wanted === 0 || (await storage.stat(reserveName, { signal })) !== null ? 0 : wanted
}

async function isSized({ freeBytes }: Repository['storage']): Promise<boolean> {
  const free = await freeBytes?.()
  return free !== undefined && free < Number.MAX_SAFE_INTEGER
}

/**
 * The same repository for what makes room in it: what cannot be written because the storage is full is written once the
 * reserve is given up or, where there is none, once what is of no use any more is deleted.
 */
export function spendingReserve(repository: Repository): Repository {
  const { storage } = repository
  let givenUp: Promise<void> | undefined
  const put: typeof storage.put = async (name, data, options) => {
    try {
      return await storage.put(name, data, options)
    } catch (error) {
      if (!isEngineError(error, 'STORAGE_FULL')) throw error
      givenUp ??= giveUpReserve(repository)
      await givenUp
      return storage.put(name, data, options)
    }
  }
  return { ...repository, storage: wrapStorage(storage, { put }) }
}

/** Deletes the reserve, or what is of no use any more. */
export async function giveUpReserve(repository: Repository): Promise<void> {
  const { storage } = repository
  if ((await storage.stat(reserveName)) !== null) return storage.delete(reserveName)
  // Small things, and a small thing is what is missing: a lease. What cannot be deleted is said by the write that follows.
  await storage.sweepLeftovers?.().catch(() => {})
  await cleanNumbers(repository).catch(() => {})
}
