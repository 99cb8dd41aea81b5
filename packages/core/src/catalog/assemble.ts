import { approvalTable } from './approvals-table.ts'
import { auditTable } from './audit-table.ts'
import type { Catalog } from './catalog.ts'
import { configurationTable } from './configuration-table.ts'
import { jobTable } from './jobs-table.ts'
import { notificationTable } from './notifications-table.ts'
import { restoreTable } from './restores-table.ts'
import { scheduleTable } from './schedule-table.ts'
import type { CatalogSession } from './session.ts'
import { type CatalogWatch, watchSession } from './watched-session.ts'
import { workerTable } from './workers-table.ts'

/** The catalog of either dialect: its own session, the same tables. */
export function assembleCatalog(parts: {
  location: string
  session: CatalogSession
  watch: Omit<CatalogWatch, 'location'>
  close: Catalog['close']
  listen?: Catalog['listen']
}): Catalog {
  const { location, close, listen } = parts
  const { session, problem, retry } = watchSession(parts.session, { location, ...parts.watch })
  return {
    location,
    problem,
    retry,
    jobs: jobTable(session),
    restores: restoreTable(session),
    configuration: configurationTable(session),
    audit: auditTable(session),
    schedule: scheduleTable(session),
    workers: workerTable(session),
    notifications: notificationTable(session),
    approvals: approvalTable(session),
    ...(listen ? { listen } : {}),
    close,
  }
}
