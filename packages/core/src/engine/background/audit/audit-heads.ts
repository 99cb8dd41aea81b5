import type { RecordedHash } from '../../../policy/audit/check-chain.ts'
import type { Repository } from '../../../repository/repository.ts'
import { readStoredBackups } from '../../stored-backups.ts'

/** The newest events of the audit log when backups were made: what their manifests say, by chain and number. */
export interface AuditHeads {
  get(chain: string): ReadonlyMap<number, readonly RecordedHash[]> | undefined
  chains(): Iterable<string>
  /** How many backups name an event. */
  readonly backups: number
}

export async function readAuditHeads(repository: Repository, signal?: AbortSignal): Promise<AuditHeads> {
  const found = new Map<string, Map<number, RecordedHash[]>>()
  const { backups } = await readStoredBackups(repository, signal)
  let count = 0
  for (const { manifest } of backups) {
    const head = manifest.audit_head
    if (!head) continue
    count++
    const chain = found.get(head.chain) ?? new Map<number, RecordedHash[]>()
    const before = chain.get(head.seq) ?? []
    found.set(head.chain, chain.set(head.seq, [...before, { hash: head.hash, by: `backup ${manifest.number}` }]))
  }
  return { get: (chain) => found.get(chain), chains: () => found.keys(), backups: count }
}

/** The highest number that a backup names; 0: none does. */
export function furthestOf(heads: AuditHeads, chain: string): number {
  return Math.max(0, ...(heads.get(chain)?.keys() ?? []))
}
