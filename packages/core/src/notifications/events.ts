/** What there is to tell. A failure lasts, as a condition, until what ends it happens. */
const table = {
  'backup.started': 'information',
  'backup.completed': 'good',
  'backup.failed': 'failure',
  'backup.missed': 'failure',
  'restore.started': 'information',
  'restore.completed': 'good',
  'restore.failed': 'failure',
  'restore.undone': 'warning',
  'drill.passed': 'good',
  'drill.failed': 'failure',
  'verify.passed': 'good',
  'verify.failed': 'failure',
  'copy.completed': 'good',
  'copy.behind': 'failure',
  'retention.refused': 'warning',
  'channel.failing': 'failure',
  'channel.recovered': 'good',
  'approval.requested': 'warning',
  'approval.approved': 'good',
  'approval.rejected': 'warning',
  'approval.expired': 'warning',
  'approval.broken_glass': 'failure',
  'test.message': 'information',
} as const satisfies Record<string, Severity>

type Severity = 'failure' | 'warning' | 'good' | 'information'
export type EventType = keyof typeof table
export const eventTypes = Object.keys(table) as EventType[]
export const severityOf = (type: EventType): Severity => table[type]
