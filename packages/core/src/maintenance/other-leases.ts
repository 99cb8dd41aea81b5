import { prefixes } from '../repository/layout.ts'
import { acquireLease } from '../repository/leases/lease.ts'
import { leaseGenerations } from '../repository/leases/lease-generations.ts'
import { parseLeaseObjectName } from '../repository/leases/lease-names.ts'
import type { Repository } from '../repository/repository.ts'

/**
 * Makes sure that no running process holds any lease but `except`: takes each once (waiting until leases of dead
 * holders expire) and releases it. Throws `LEASE_HELD`, naming the holder, when a process holds one.
 */
export async function waitForOtherLeases(
  repository: Repository,
  options: { except: string; holder: string; signal?: AbortSignal },
): Promise<void> {
  const { except, holder, signal } = options
  const names = new Set<string>()
  for await (const { name } of repository.storage.list(prefixes.leases, { signal })) {
    const lease = parseLeaseObjectName(repository.keys, name)?.lease
    if (lease !== undefined && lease !== except) names.add(lease)
  }
  for (const name of names) {
    const current = await leaseGenerations(repository, name).current({ signal })
    // Nothing is written for what is free: the storage may be full.
    if (current === undefined || current.record.released) continue
    await (await acquireLease(repository, { name, holder, signal })).release()
  }
}
