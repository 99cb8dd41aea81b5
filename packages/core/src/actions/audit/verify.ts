import { z } from 'zod'
import { auditReportSchema } from '../../catalog/records.ts'
import type { AuditReport } from '../../policy/audit/audit-report.ts'
import { action } from '../action.ts'
import { fromRepository } from './from-repository.ts'

export const verifyAudit = action({
  name: 'audit.verify',
  summary: 'Checks the audit log against its hashes, its seals, the anchors in the repository and the backups.',
  permission: 'audit:read',
  kind: 'read',
  input: z.strictObject({ fromRepository }),
  result: auditReportSchema,
  http: { method: 'GET', path: 'audit/verify' },
  command: { name: 'audit verify', examples: ['lifeboat audit verify', 'lifeboat audit verify --from-repository'] },
  page: 'repository',
  async run(context, { fromRepository: isAnchored }): Promise<AuditReport> {
    const { signal } = context
    const { verifyAnchored, verifyCatalog } = await import('../../engine/background/audit/verify-audit.ts')
    if (isAnchored) return verifyAnchored(await context.parts.repository(), { signal })
    const [{ catalog }, repository] = await Promise.all([context.background(), context.parts.repository()])
    return verifyCatalog(catalog, repository, { signal })
  },
})
