import { adviceFor } from '../../../advice.ts'
import type { Catalog } from '../../../catalog/catalog.ts'
import { eventId } from '../../../notifications/recorded-fact.ts'
import type { AuditReport } from '../../../policy/audit/audit-report.ts'
import type { Repository } from '../../../repository/repository.ts'
import type { Background } from '../core.ts'
import { verifyCatalog } from './verify-audit.ts'

type Verified = Pick<AuditReport, 'state' | 'first'> & { at: number }

/** By catalog, so that it goes with the engine. Every check of the whole log reads all of its anchors. */
const remembered = new WeakMap<Catalog['audit'], Verified>()

/** In the catalog's configuration, so that every process shows the same. No check is left out because of it: it can be changed as the log can. */
const name = '.audit_check'

/** Whether the last check, of any process, found the log changed; null: there was none yet. */
export async function wasAuditBroken({ configuration }: Pick<Catalog, 'configuration'>): Promise<boolean | null> {
  const stored = (await configuration.read())[name]
  if (typeof stored !== 'object' || stored === null) return null
  return Reflect.get(stored, 'state') === 'broken'
}

/** Checks the audit log, unless this process has done so within `maxAgeMs`. */
export async function checkAuditLog(
  catalog: Pick<Catalog, 'audit' | 'location' | 'configuration'>,
  repository: Repository,
  { maxAgeMs = 0, signal }: { maxAgeMs?: number; signal?: AbortSignal | undefined } = {},
): Promise<Verified> {
  const known = remembered.get(catalog.audit)
  if (known && performance.now() - known.at < maxAgeMs) return known
  const { state, first } = await verifyCatalog(catalog, repository, { signal })
  const found = { state, first, at: performance.now() }
  remembered.set(catalog.audit, found)
  await catalog.configuration.write({ [name]: { state } }, { by: 'audit check', at: new Date().toISOString() })
  return found
}

const dayMs = 86_400_000
const condition = 'audit'

/** Checks the audit log once a day, and tells of one that was changed, and of one that is intact again. */
export async function watchAudit(
  { catalog, notifier }: Pick<Background, 'catalog' | 'notifier'>,
  repository: Repository,
  { now = new Date(), maxAgeMs = dayMs, signal }: { now?: Date; maxAgeMs?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const before = remembered.get(catalog.audit)
  const found = await checkAuditLog(catalog, repository, { maxAgeMs, signal })
  if (found === before || !notifier) return
  const isBroken = found.state === 'broken'
  const where = found.first ? `${found.first.chain ?? ''} ${found.first.seq} ${found.first.kind}` : ''
  await notifier.raise([
    {
      ...{ id: eventId(`audit ${found.state} ${where} ${isBroken ? '' : now.toISOString()}`), at: now.toISOString() },
      ...{ type: isBroken ? 'audit.broken' : 'audit.intact', severity: isBroken ? 'failure' : 'good' },
      ...{ database: null, subject: null, condition },
      title: isBroken ? 'The audit log was changed' : 'The audit log is intact again',
      lines:
        isBroken && found.first ? [found.first.text, adviceFor('command', 'All that was found: {audit.verify}.')] : [],
      facts: isBroken && found.first ? { seq: found.first.seq, kind: found.first.kind } : {},
    },
  ])
}
