import type { Catalog } from '../../../catalog/catalog.ts'
import type { AuditEvent } from '../../../policy/audit/audit.ts'
import { listAuditAnchors, readAuditAnchor } from '../../../repository/documents/audit-anchors.ts'
import type { Repository } from '../../../repository/repository.ts'

/** Chains that the repository holds of a catalog at this place, and that are not the one it has now. */
export async function findLostChains(
  { audit, location }: Pick<Catalog, 'audit' | 'location'>,
  repository: Repository,
): Promise<string[]> {
  const own = (await audit.head())?.chain
  const noted = new Set((await audit.anchors()).map(({ chain }) => chain))
  const lost: string[] = []
  for (const [chain, anchors] of await listAuditAnchors(repository)) {
    if (chain === own) continue
    const newest = anchors.at(-1)
    const anchor = newest && (await readAuditAnchor(repository, newest))
    if (noted.has(chain) || anchor?.catalog === location) lost.push(chain)
  }
  return lost
}

/** Chains of which an event records that they were lost: an adoption that this repository's key has sealed. */
export function lostChainsIn({ action, outcome, seal, detail }: AuditEvent): string[] {
  if (action !== 'adopt' || outcome !== 'succeeded' || seal === null) return []
  const lost: unknown = detail.audit_chains_lost
  return Array.isArray(lost) ? lost.filter((chain): chain is string => typeof chain === 'string') : []
}
