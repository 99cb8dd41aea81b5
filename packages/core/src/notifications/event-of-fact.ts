import { adviceFor } from '../advice.ts'
import { errorTable } from '../error-table.ts'
import { wireCode } from '../errors.ts'
import { type EventType, severityOf } from './events.ts'
import type { NotificationEvent } from './options.ts'
import { databaseOf, eventId, type RecordedFact } from './recorded-fact.ts'
import { acknowledgedEvents, watchedEvents } from './watched-events.ts'

/** A slot that begins later than this was missed. */
const missedAfterMs = 30 * 60_000

interface Subject {
  started?: EventType
  succeeded: EventType
  failed: EventType
  what: string
  /** Whether a failure lasts until the same succeeds. */
  lasts?: boolean
}

/** Actions that people are told of. Own names only are asked for. */
const told: Readonly<Record<string, Subject>> = {
  'backups.create': {
    ...{ started: 'backup.started', succeeded: 'backup.completed', failed: 'backup.failed', what: 'Backup' },
    lasts: true,
  },
  'restores.run': {
    ...{ started: 'restore.started', succeeded: 'restore.completed', failed: 'restore.failed', what: 'Restore' },
  },
  'restores.undo': { succeeded: 'restore.undone', failed: 'restore.failed', what: 'Undo' },
  'restores.undoMedia': { succeeded: 'restore.undone', failed: 'restore.failed', what: 'Undo of media' },
  'backups.verify': { succeeded: 'verify.passed', failed: 'verify.failed', what: 'Verification', lasts: true },
  'maintenance.check': {
    succeeded: 'verify.passed',
    failed: 'verify.failed',
    what: 'Check of the repository',
    lasts: true,
  },
  'maintenance.scrub': {
    succeeded: 'verify.passed',
    failed: 'verify.failed',
    what: 'Scrub of the repository',
    lasts: true,
  },
  'copies.update': { succeeded: 'copy.completed', failed: 'copy.behind', what: 'Copy', lasts: true },
  'migrations.guard': {
    ...{ started: 'deploy.started', succeeded: 'deploy.finished', failed: 'deploy.failed', what: 'Guarded migration' },
    lasts: true,
  },
  'drills.run': { succeeded: 'drill.passed', failed: 'drill.failed', what: 'Drill', lasts: true },
  'targets.refresh': { succeeded: 'refresh.completed', failed: 'refresh.failed', what: 'Refresh', lasts: true },
}

/** What a fact has to say for people, if anything. Pure; the same fact gives the same event with the same id. */
export function eventsOfFact(fact: RecordedFact, { includeErrorDetail = false } = {}): NotificationEvent[] {
  if (fact.action === 'retention.run') return retentionEvents(fact)
  if (fact.action === 'alarms.acknowledge') return acknowledgedEvents(fact)
  if (fact.action.startsWith('approvals.')) return approvalEvents(fact)
  const subject = Object.hasOwn(told, fact.action) ? told[fact.action] : undefined
  if (!subject) return []
  if (fact.outcome === 'started') {
    const late = missedEvents(fact)
    // That it was asked for is on record before its backup is made; people are told when the migration itself begins.
    if (fact.action === 'migrations.guard' && fact.subject === null) return []
    return subject.started ? [...late, event(fact, subject.started, startedText(fact, subject))] : late
  }
  if (fact.outcome === 'succeeded')
    return [event(fact, subject.succeeded, succeededText(fact, subject)), ...watchedEvents(fact)]
  // People cancel on purpose; what was refused before it began, the one who asked has seen.
  if (fact.outcome === 'cancelled' || (fact.outcome === 'refused' && !hasBegun(fact))) return []
  return [event(fact, subject.failed, failedText(fact, subject, includeErrorDetail))]
}

/** What was refused as a task had begun: by itself, or in the background, where no person sees it. */
const hasBegun = ({ detail }: RecordedFact): boolean => typeof detail.task_id === 'string'

type Text = Pick<NotificationEvent, 'title' | 'lines' | 'facts'>

function event(fact: RecordedFact, type: EventType, text: Text): NotificationEvent {
  const id = eventId(`${fact.hash} ${type}`)
  const database = databaseOf(fact)
  const place = { database, subject: fact.subject, condition: conditionOf(fact, type) }
  return { id, type, at: fact.at, severity: severityOf(type), ...place, ...text }
}

function conditionOf(fact: RecordedFact, type: EventType): string | null {
  const { lasts, started } = told[fact.action] ?? {}
  if (!lasts || type === started) return null
  const which = placeIn(fact) ?? databaseOf(fact)
  return `${fact.action}:${which ?? ''}`
}

const numberIn = ({ detail }: RecordedFact, name: string): number | null =>
  typeof detail[name] === 'number' ? (detail[name] as number) : null

const textIn = ({ detail }: RecordedFact, name: string): string | null =>
  typeof detail[name] === 'string' ? (detail[name] as string) : null

/** The copy or the target that it is about. */
function placeIn(fact: RecordedFact): string | null {
  if (fact.action === 'copies.update') return textIn(fact, 'copy')
  return fact.action === 'targets.refresh' ? textIn(fact, 'target') : null
}

function nameOf(fact: RecordedFact, { what }: Subject): string {
  const number = fact.action === 'backups.create' ? numberIn(fact, 'number') : null
  const database = databaseOf(fact)
  const place = placeIn(fact)
  return `${what}${number === null ? '' : ` ${number}`}${place === null ? '' : ` "${place}"`}${database === null ? '' : ` of "${database}"`}`
}

function startedText(fact: RecordedFact, subject: Subject): Text {
  return { title: `${nameOf(fact, subject)} begins`, lines: [], facts: { task: textIn(fact, 'task_id') } }
}

function succeededText(fact: RecordedFact, subject: Subject): Text {
  const said =
    fact.action === 'backups.create' ? 'is completed' : subject.succeeded === 'restore.undone' ? 'is done' : 'succeeded'
  const facts: Text['facts'] = { task: textIn(fact, 'task_id') }
  for (const name of ['number', 'rows', 'stored_bytes', 'recovery_seconds']) {
    const value = numberIn(fact, name)
    if (value !== null) facts[name] = value
  }
  return { title: `${nameOf(fact, subject)} ${said}`, lines: [], facts }
}

function failedText(fact: RecordedFact, subject: Subject, withDetail: boolean): Text {
  const error = fact.detail.error
  const field = (name: string): string | null => {
    const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, name) : null
    return typeof value === 'string' ? value : null
  }
  const code = field('code') ?? (fact.outcome === 'interrupted' ? 'aborted' : 'internal')
  const lines = [`Code: ${code}`]
  const advice = adviceOf(code)
  if (advice) lines.push(advice)
  const detail = withDetail ? field('detail') : null
  if (detail) lines.push(...detail.split('\n').slice(0, 10))
  const failed = fact.outcome === 'interrupted' ? 'was broken off' : 'failed'
  return { title: `${nameOf(fact, subject)} ${failed}`, lines, facts: { code, task: textIn(fact, 'task_id') } }
}

/** Of the table of errors: our own words, which hold nothing of the database. */
function adviceOf(code: string): string | null {
  const found = Object.entries(errorTable).find(([name]) => wireCode(name) === code)
  return found ? adviceFor('command', found[1].advice) : null
}

function missedEvents(fact: RecordedFact): NotificationEvent[] {
  const late = numberIn(fact, 'late_ms')
  if (fact.action !== 'backups.create' || late === null || late < missedAfterMs) return []
  const slot = textIn(fact, 'slot')
  return [
    event(fact, 'backup.missed', {
      title: `Backup by the schedule "${textIn(fact, 'schedule') ?? ''}" begins ${Math.round(late / 60_000)} minutes late`,
      lines: [
        `It was due at ${slot}. No process that runs schedules was alive then.`,
        adviceFor(
          'command',
          'Look at why that was: {doctor}. While all of them are down, a heartbeat at a service outside is the only one that can say so.',
        ),
      ],
      facts: { slot, late_seconds: Math.round(late / 1000) },
    }),
  ]
}

/**
 * That a run by a schedule cannot begin, of whatever is told of when it fails: a success ends it. The fact is not recorded; its
 * `hash` is the same for the same slot.
 */
export function blockedEvents(fact: RecordedFact, { includeErrorDetail = false } = {}): NotificationEvent[] {
  const subject = Object.hasOwn(told, fact.action) ? told[fact.action] : undefined
  if (!subject) return []
  const { lines, facts } = failedText(fact, subject, includeErrorDetail)
  const slot = textIn(fact, 'slot')
  return [
    event(fact, fact.action === 'backups.create' ? 'backup.missed' : subject.failed, {
      title: `${nameOf(fact, subject)} by the schedule "${textIn(fact, 'schedule') ?? ''}" cannot begin`,
      lines: [`It was due at ${slot}, and begins once that is over.`, ...lines],
      facts: { ...facts, slot },
    }),
  ]
}

function retentionEvents(fact: RecordedFact): NotificationEvent[] {
  const error = fact.detail.error
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : null
  if (code !== 'retention_refused') return []
  const text = { title: 'Retention refused to remove backups', lines: [adviceOf('retention_refused') ?? ''], facts: {} }
  return [event(fact, 'retention.refused', text)]
}

/** What people wait for, and what they have to know of at once. */
function approvalEvents(fact: RecordedFact): NotificationEvent[] {
  if (fact.outcome !== 'succeeded') return []
  const asked = textIn(fact, 'action')
  const by = textIn(fact, 'requested_by')
  const reason = textIn(fact, 'reason')
  const id = fact.subject ?? ''
  const look = adviceFor('command', `Look at request ${id} with {approvals.show}, or on the page Approvals.`)
  const because = reason === null ? [] : [`Reason: ${reason}`]
  const of = (type: EventType, title: string, lines: string[]) => [
    event(fact, type, { title, lines, facts: { request: id, action: asked, requested_by: by } }),
  ]
  if (fact.action === 'approvals.request')
    return of('approval.requested', `${by} asks for approval: ${asked}`, [
      `Good until ${textIn(fact, 'expires_at')}.`,
      look,
    ])
  if (fact.action === 'approvals.approve')
    return fact.detail.state === 'approved'
      ? of('approval.approved', `Approved: ${asked}, asked for by ${by}`, [
          `It goes ahead when ${by} asks for it again, until ${textIn(fact, 'expires_at')}.`,
        ])
      : []
  if (fact.action === 'approvals.reject')
    return of('approval.rejected', `Rejected by ${fact.actor}: ${asked}, asked for by ${by}`, because)
  if (fact.action === 'approvals.cancel')
    return fact.detail.glass === true
      ? of('approval.rejected', `Stopped by ${fact.actor}: the emergency ${asked} of ${by}`, [])
      : []
  if (fact.action === 'approvals.expire')
    return of('approval.expired', `Expired: ${asked}, asked for by ${by}`, [
      'Nothing was done. It can be asked for again.',
    ])
  if (fact.action === 'approvals.breakGlass')
    return of('approval.broken_glass', `${by} goes ahead without approval: ${asked}`, [
      ...because,
      adviceFor(
        'command',
        `From ${textIn(fact, 'usable_from')} on it can be done. Until then it can be stopped with {approvals.cancel}.`,
      ),
      look,
    ])
  return []
}
