import type { Catalog } from '../../../catalog/catalog.ts'
import type { AuditEvent } from '../../../policy/audit/audit.ts'
import { listAuditAnchors } from '../../../repository/documents/audit-anchors.ts'
import type { Repository } from '../../../repository/repository.ts'
import { lostChainsIn } from '../audit/lost-chains.ts'
import { readAnchored } from '../audit/read-anchored.ts'
import { type Tallies, tally } from './tally-audit.ts'

interface Known {
  /** How far the catalog has been read, and the hash there: of another chain everything is read again. */
  seq: number
  hash: string
  /** Chains that were lost with an earlier catalog. */
  lost: string[]
  tallies: Tallies
}

/** By opened repository, so that what is kept goes with the engine. */
const remembered = new WeakMap<Repository, Known>()
const reading = new WeakMap<Repository, Promise<unknown>>()

/**
 * What has been tried, by the audit log of the catalog; after a catalog was lost and another has adopted what was there, by what
 * the repository holds of the earlier one too. Each event is read once.
 */
export function readAttempts(
  catalog: Pick<Catalog, 'audit'>,
  repository: Repository,
  labels: readonly string[],
): Promise<Tallies> {
  // One after the other, or two would count the same events.
  const before = reading.get(repository) ?? Promise.resolve()
  const next = before.catch(() => {}).then(() => readNew(catalog, repository, labels))
  reading.set(repository, next)
  return next
}

async function readNew(
  { audit }: Pick<Catalog, 'audit'>,
  repository: Repository,
  labels: readonly string[],
): Promise<Tallies> {
  const before = remembered.get(repository)
  const known: Known =
    before && (await isStill(audit, before)) ? before : { seq: 0, hash: '', lost: [], tallies: new Map() }
  const events: AuditEvent[] = []
  for (let page = await audit.read(known.seq, 1000); page.length > 0; page = await audit.read(known.seq, 1000)) {
    events.push(...page.filter(({ action }) => ['backups.create', 'restores.run', 'adopt'].includes(action)))
    const last = page.at(-1)
    if (!last) break
    Object.assign(known, { seq: last.seq, hash: last.hash })
  }
  const lost = events.flatMap(lostChainsIn).filter((chain) => !known.lost.includes(chain))
  if (lost.length > 0) {
    // What the earlier catalog recorded comes first: everything is counted again, in order.
    remembered.delete(repository)
    const tallies: Tallies = new Map()
    const chains = [...known.lost, ...lost]
    await tallyLost(repository, chains, (found) => tally(tallies, found, labels))
    const all = await Array.fromAsync(pagesOf(audit, known.seq))
    for (const page of all) tally(tallies, page, labels)
    remembered.set(repository, { ...known, lost: chains, tallies })
    return tallies
  }
  tally(known.tallies, events, labels)
  remembered.set(repository, known)
  return known.tallies
}

async function isStill(audit: Catalog['audit'], { seq, hash }: Known): Promise<boolean> {
  const [event] = await audit.read(seq - 1, 1)
  return event?.seq === seq && event.hash === hash
}

async function* pagesOf(audit: Catalog['audit'], to: number): AsyncGenerator<AuditEvent[]> {
  for (let after = 0; after < to; ) {
    const page = (await audit.read(after, 1000)).filter(({ seq }) => seq <= to)
    if (page.length === 0) return
    yield page
    after = page.at(-1)?.seq ?? to
  }
}

async function tallyLost(
  repository: Repository,
  chains: readonly string[],
  onEvents: (events: AuditEvent[]) => void,
): Promise<void> {
  const listed = await listAuditAnchors(repository)
  for (const chain of chains)
    await readAnchored(repository, listed.get(chain) ?? [], { onEvent: (one) => onEvents([one]) })
}
