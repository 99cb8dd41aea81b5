import { EngineError } from '../errors.ts'
import { log } from '../events.ts'
import { isListedLocation } from '../storage/listed-locations.ts'
import { openStorage } from '../storage/open-storage.ts'
import type { StorageTestReport } from '../storage/test-storage.ts'
import type { Running } from './engine-type.ts'
import type { EngineParts } from './parts.ts'

/** Whether a storage does all that a repository needs, and how fast. */
export interface StorageTestSummary {
  ok: boolean
  /** Without secrets. */
  location: string
  checks: { name: string; ok: boolean; problem: string | null; ms: number }[]
  upload_bytes_per_second: number
  download_bytes_per_second: number
  /** Time to look at one small object. */
  latency_ms: number
}

/** `STORAGE_NOT_LISTED` for a place the host has not listed in `allowedStorageEndpoints`. */
export function assertListed(parts: EngineParts, location: string): void {
  if (!isListedLocation(location, parts.settings.allowedStorageEndpoints))
    throw new EngineError('STORAGE_NOT_LISTED', 'The host has not listed this storage.')
}

/**
 * Runs the conformance suite on the repository's storage, or on one of those the host listed, below a prefix of its own
 * that is emptied afterwards. A folder that is not there is not made.
 */
export async function runStorageTest(
  parts: EngineParts,
  location: string | undefined,
  { signal, report }: Running,
): Promise<StorageTestSummary> {
  if (location !== undefined) {
    assertListed(parts, location)
    const { assertReachableAddress } = await import('../storage/reachable-address.ts')
    await assertReachableAddress(location)
  }
  const storage = location === undefined ? parts.storage : openStorage(location, { throttle: parts.throttle })
  try {
    const onCheck = (name: string, ok: boolean) =>
      log(report, ok ? 'info' : 'error', `${ok ? 'Passed' : 'Failed'}: ${name}`)
    // The whole suite, which every command would load with this file.
    const { testStorage } = await import('../storage/test-storage.ts')
    return storageTestSummary(await testStorage(storage, { signal, onCheck }))
  } finally {
    if (location !== undefined) await storage.close?.()
  }
}

/** A report with the field names of the HTTP contract. */
export function storageTestSummary(tested: StorageTestReport): StorageTestSummary {
  return {
    ok: tested.ok,
    location: tested.location,
    checks: tested.checks.map(({ name, ok, error, ms }) => ({ name, ok, problem: error, ms })),
    upload_bytes_per_second: tested.uploadBytesPerSecond,
    download_bytes_per_second: tested.downloadBytesPerSecond,
    latency_ms: tested.latencyMs,
  }
}
