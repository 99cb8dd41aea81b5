import type { Fact } from '../../actions/facts.ts'
import type { AuditEntry, Catalog, Json } from '../../catalog/catalog.ts'
import { linkOf } from '../../policy/audit/audit.ts'
import { plainJson, sortedJson } from '../../policy/audit/canonical-json.ts'
import { createChainCheck } from '../../policy/audit/check-chain.ts'

/** The fact as the audit log keeps it, sealed under the key where there is one: the first subscriber of the stream. */
export async function appendFact(
  catalog: Pick<Catalog, 'audit'>,
  fact: Fact,
  { key = null }: { key?: Uint8Array | null } = {},
): Promise<AuditEntry> {
  const entry = entryOf(fact)
  return catalog.audit.append(entry, (place) => linkOf(entry, place, key))
}

/**
 * The same of a fact that lay elsewhere, under the name `origin`, until it could be recorded: once, however often that is
 * begun. It may also have been recorded at first, and laid elsewhere because no one could know.
 */
export async function appendLaterFact(
  catalog: Pick<Catalog, 'audit'>,
  fact: Fact,
  { key, origin, more }: { key: Uint8Array | null; origin: string; more: Json },
): Promise<AuditEntry> {
  const entry = entryOf(fact, { ...more, origin })
  const first = sortedJson([fact.subject, fact.outcome, entryOf(fact).detail])
  const isSame = ({ subject, outcome, detail }: AuditEntry) =>
    detail.origin === undefined ? sortedJson([subject, outcome, detail]) === first : detail.origin === origin
  return catalog.audit.append(entry, (place) => linkOf(entry, place, key), isSame)
}

function entryOf(fact: Fact, more: Json = {}) {
  const { at, actor, address, action, subject, outcome, face, task_id, facts, error } = fact
  return plainJson({
    ...{ at, actor, address, action, subject, outcome },
    detail: { ...facts, face, ...(task_id === null ? {} : { task_id }), ...(error ? { error } : {}), ...more },
  })
}

/** Walks the whole chain; the number of the first event that does not fit, or null. */
export async function checkAudit(
  catalog: Pick<Catalog, 'audit'>,
  key: Uint8Array | null = null,
): Promise<{ events: number; broken_at: number | null }> {
  const check = createChainCheck(key)
  for (let after: number | null = null; ; after = check.position().seq) {
    const events = await catalog.audit.read(after, 1000)
    const problem = check.take(events)
    if (problem) return { events: problem.seq, broken_at: problem.seq }
    if (events.length < 1000) return { events: check.position().seq, broken_at: null }
  }
}
