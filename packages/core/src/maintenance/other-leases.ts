import { acquireLease } from '../repository/lease.ts'
import type { Repository } from '../repository/repository.ts'

/**
 * Makes sure that nobody alive holds any lease but `except`: takes each once (dead holders are waited out) and gives it
 * back. Throws `LEASE_HELD`, naming the holder, when somebody does.
 */
export async function waitForOtherLeases(
  repository: Repository,
  options: { except: string; holder: string; signal?: AbortSignal },
): Promise<void> {
  const { except, holder, signal } = options
  const names = new Set<string>()
  for await (const { name } of repository.storage.list('leases/', { signal })) {
    const lease = name.slice('leases/'.length, name.lastIndexOf('/'))
    if (lease !== except) names.add(lease)
  }
  for (const name of names) await (await acquireLease(repository, { name, holder, signal })).release()
}
