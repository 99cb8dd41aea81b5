import { type AuditEvent, auditHash, auditRoot, findAuditBreak } from '../../policy/audit.ts'
import type { AuditOperations } from '../operations-type.ts'
import type { Background } from './core.ts'

export function createAuditOperations(background: () => Promise<Pick<Background, 'catalog'>>): AuditOperations {
  return {
    async append(record) {
      const { catalog } = await background()
      const entry = { ...record, at: new Date().toISOString() }
      await catalog.audit.append(entry, (previous, seq) => auditHash(previous ?? auditRoot, seq, entry))
    },
    list: async (filter) => (await background()).catalog.audit.list(filter),
    async check() {
      const { catalog } = await background()
      let last: AuditEvent | undefined
      for (;;) {
        const events = await catalog.audit.read(last?.seq ?? 0, 1000)
        const broken_at = findAuditBreak(events, last)
        if (broken_at !== null) return { events: broken_at, broken_at }
        last = events.at(-1) ?? last
        if (events.length < 1000) return { events: last?.seq ?? 0, broken_at: null }
      }
    },
  }
}
