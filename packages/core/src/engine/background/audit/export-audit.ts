import type { Catalog } from '../../../catalog/catalog.ts'
import type { AuditEvent } from '../../../policy/audit/audit.ts'
import { canonicalJson } from '../../../policy/audit/canonical-json.ts'
import { listAuditAnchors } from '../../../repository/documents/audit-anchors.ts'
import type { Repository } from '../../../repository/repository.ts'
import { readAnchored } from './read-anchored.ts'

/** The events of a catalog in order, a page at a time. */
export async function* eventsOfCatalog({ audit }: Pick<Catalog, 'audit'>): AsyncGenerator<AuditEvent[]> {
  for (let after: number | null = null; ; ) {
    const events: AuditEvent[] = await audit.read(after, 500)
    if (events.length > 0) yield events
    const last = events.at(-1)
    if (!last || events.length < 500) return
    after = last.seq
  }
}

/** The events that the repository holds: chain by chain, each in order. */
export async function* anchoredEvents(
  repository: Repository,
  { signal }: { signal?: AbortSignal | undefined } = {},
): AsyncGenerator<AuditEvent[]> {
  for (const [, names] of await listAuditAnchors(repository, { signal })) {
    const events: AuditEvent[] = []
    const onEvent = (event: AuditEvent) => void events.push(event)
    await readAnchored(repository, names, { onEvent, signal })
    if (events.length > 0) yield events
  }
}

export const auditColumns = [
  ...(['seq', 'at', 'actor', 'address', 'action', 'subject', 'outcome'] as const),
  ...(['detail', 'chain', 'hash', 'seal'] as const),
]

/** An event as one line of JSON (RFC 8785), with everything its hash is made of but the hash before. */
export function jsonLineOf(event: AuditEvent): string {
  try {
    return `${canonicalJson(event)}\n`
  } catch {
    // An event of a forger need not have a canonical text.
    return `${JSON.stringify(event)}\n`
  }
}
