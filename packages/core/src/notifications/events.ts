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
  'deploy.started': 'information',
  'deploy.finished': 'good',
  'deploy.failed': 'failure',
  'refresh.completed': 'good',
  'refresh.failed': 'failure',
  'verify.passed': 'good',
  'verify.failed': 'failure',
  'copy.completed': 'good',
  'copy.behind': 'failure',
  'retention.refused': 'warning',
  'rows.odd': 'failure',
  'size.odd': 'warning',
  'alarm.acknowledged': 'good',
  'storage.low': 'failure',
  'storage.recovered': 'good',
  'audit.broken': 'failure',
  'audit.intact': 'good',
  'schedule.stopped': 'failure',
  'schedule.resumed': 'good',
  'reminder.due': 'information',
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
/** Told only to say that what was told before has ended. */
const ends: ReadonlySet<EventType> = new Set(['alarm.acknowledged', 'storage.recovered', 'audit.intact'])
/** Told once, and then as a reminder, however often it is found again. */
const latched: ReadonlySet<EventType> = new Set(['storage.low', 'audit.broken'])
export const isLatched = (type: EventType): boolean => latched.has(type)
export const isOnlyAnEnd = (type: EventType): boolean => ends.has(type)
export const severityOf = (type: EventType): Severity => table[type]
