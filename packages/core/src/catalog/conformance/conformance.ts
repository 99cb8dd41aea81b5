import { approvalConformance } from './approvals.ts'
import { auditConformance } from './audit.ts'
import { jobConformance } from './jobs.ts'
import { notificationConformance } from './notifications.ts'
import { recordConformance } from './other-records.ts'
import type { CatalogRule } from './rule.ts'

/** The rules every catalog passes, free of any test framework. */
export const catalogConformance: CatalogRule[] = [
  ...jobConformance,
  ...recordConformance,
  ...auditConformance,
  ...notificationConformance,
  ...approvalConformance,
]
