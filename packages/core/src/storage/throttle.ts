import { EngineError, throwIfAborted } from '../errors.ts'
import type { Storage } from './storage.ts'
import { createTokenBucket, type TokenBucket } from './token-bucket.ts'
import { wrapStorage } from './wrap.ts'

/** Bytes per second; absent or 0: no limit. */
export interface TransferLimits {
  upload?: number
  download?: number
}

/** Limits that any number of storages share, and that may be changed while they work. */
export interface Throttle {
  readonly limits: Required<TransferLimits>
  /** Takes effect at once, also for what waits already. What is not named stays. Throws `CONFIG_INVALID`. */
  change(limits: TransferLimits): void
  readonly upload: TokenBucket
  readonly download: TokenBucket
}

/** One limit for all storages that are wrapped with it; its rates can change while it is in use. */
export function createThrottle(limits: TransferLimits = {}): Throttle {
  const upload = createTokenBucket(rate(limits.upload))
  const download = createTokenBucket(rate(limits.download))
  return {
    upload,
    download,
    get limits() {
      return { upload: upload.rate, download: download.rate }
    },
    change(changed) {
      const next = { upload: rate(changed.upload), download: rate(changed.download) }
      if (changed.upload !== undefined) upload.change(next.upload)
      if (changed.download !== undefined) download.change(next.download)
    },
  }
}

/**
 * Keeps a storage below limits, each direction for itself. Objects wait for their turn in the order in which they came
 * and then go at the speed of the line: what is held is the rate over time, not the rate of one object (64 MiB at most).
 */
export function withThrottle(storage: Storage, throttle: Throttle): Storage {
  return wrapStorage(storage, {
    async put(name, data, options) {
      throwIfAborted(options?.signal)
      await throttle.upload.take(data.byteLength, options?.signal)
      return storage.put(name, data, options)
    },
    async get(name, options) {
      throwIfAborted(options?.signal)
      if (options?.length !== undefined) {
        await throttle.download.take(options.length, options.signal)
        return storage.get(name, options)
      }
      // How long it is shows when it is there; it is handed on when its time has passed.
      const data = await storage.get(name, options)
      await throttle.download.take(data.length, options?.signal)
      return data
    },
  })
}

function rate(value: number | undefined): number {
  if (value === undefined) return 0
  if (Number.isFinite(value) && value >= 0) return value
  throw new EngineError('CONFIG_INVALID', 'A limit is a number of bytes per second; 0 is none.')
}
