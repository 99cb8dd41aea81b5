import type { AuditEntry, Catalog } from '../../../catalog/catalog.ts'
import { EngineError } from '../../../errors.ts'
import { createChainCheck } from '../../../policy/audit/check-chain.ts'
import { putAuditAnchor } from '../../../repository/documents/audit-anchors.ts'
import type { Repository } from '../../../repository/repository.ts'

/** Events in one anchor: what several thousand long details make stays far below the bound of a document. */
const mostEvents = 500
const mostBytes = 8 << 20

/**
 * Lays the events since the last anchor into the repository, and gives the number they reach to; null where there is nothing
 * to lay. Processes may do so at once: their anchors overlap. Events that do not fit together are not vouched for: throws
 * `AUDIT_BROKEN`.
 */
export async function anchorEvents(
  { audit, location }: Pick<Catalog, 'audit' | 'location'>,
  repository: Repository,
): Promise<number | null> {
  const head = await audit.head()
  if (!head) return null
  const { chain } = head
  const [last] = await audit.anchors({ chain, limit: 1 })
  if (last && last.seq >= head.seq) return null
  const check = createChainCheck(repository.keys.audit, last ? { seq: last.seq, hash: last.hash, chain } : null)
  let previous = last?.name ?? null
  for (let after = last?.seq ?? null; ; after = check.position().seq) {
    const events = cut(await audit.read(after, mostEvents))
    const problem = check.take(events)
    if (problem) throw new EngineError('AUDIT_BROKEN', problem.text, { detail: { seq: problem.seq } })
    const [first] = events
    if (!first) return check.position().seq
    const { seq, hash } = check.position()
    const at = new Date().toISOString()
    const place = { chain, catalog: location, at, first_seq: first.seq, last_seq: seq, hash }
    previous = await putAuditAnchor(repository, { ...place, previous, events })
    await audit.noteAnchor({ name: previous, chain, seq, hash, at })
  }
}

function cut(events: AuditEntry[]): AuditEntry[] {
  let bytes = 0
  const end = events.findIndex((event, index) => {
    bytes += JSON.stringify(event).length
    return index > 0 && bytes > mostBytes
  })
  return end < 0 ? events : events.slice(0, end)
}
