import type { Probe, RepositoryContext } from './probe.ts'

/** The pages ask often; a check reads the whole log. */
const maxAgeMs = 3_600_000

/** Whether what the audit log says is what was recorded. */
export const auditIntact: Probe<RepositoryContext> = {
  id: 'audit',
  async run({ history, repository, stored, signal }) {
    const background = await history()
    if (!background) return []
    // Others read the backups just now: what they have read is not read twice.
    await stored()
    const { checkAuditLog } = await import('../background/audit/watch-audit.ts')
    const { state, first } = await checkAuditLog(background.catalog, repository, { maxAgeMs, signal })
    const advice = 'See where: {audit.verify}.'
    if (state === 'broken')
      return [{ id: 'audit', level: 'failed', message: `The audit log was changed. ${first?.text ?? ''}`, advice }]
    if (state === 'unproven')
      return [{ id: 'audit', level: 'ok', message: `The audit log holds no contradiction. ${first?.text ?? ''}` }]
    return [{ id: 'audit', level: 'ok', message: 'The audit log is as it was recorded.' }]
  },
}
