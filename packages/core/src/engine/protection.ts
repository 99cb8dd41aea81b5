import type { StatusReport } from './status.ts'

/** The newest backup job that ended. */
export interface BackupAttempt {
  status: string
  finished_at: string
  detail: string
  advice?: string
}

/** From best to worst. `unknown`: nothing is known to be wrong, and it is not proven that all is well. */
export const protectionLevels = ['ok', 'unknown', 'warning', 'failed'] as const
export type ProtectionLevel = (typeof protectionLevels)[number]

export interface ProtectionReason {
  code: string
  level: ProtectionLevel
  /** One sentence for people. */
  message: string
  /** What to do next. */
  advice?: string
}

/** Whether a database is protected: the level is that of the worst reason. */
export interface Protection {
  level: ProtectionLevel
  reasons: ProtectionReason[]
}

export interface ProtectionFacts {
  status: Pick<StatusReport, 'level' | 'message' | 'last_backup' | 'last_verified_at' | 'server_answers'>
  /** The newest backup job that ended; null where there is none, or no history. */
  attempt: BackupAttempt | null
  /** Whether backups are made by a schedule; null where there is no history to ask. */
  isScheduled: boolean | null
  /** Whether the queue begins nothing new. */
  isPaused: boolean
  /** For how long a scheduled backup should have begun and has not; 0: none is overdue. */
  overdueSeconds: number
  /** Alarms about rows that no one has acknowledged. */
  rowAlarms: number
}

/**
 * Judges what status says of the last backup together with the last attempt, the schedule, the verifications and the
 * server. Every reason is listed, the worst first. Pure.
 */
export function protectionOf(facts: ProtectionFacts): Protection {
  const { status } = facts
  const reasons = [
    { code: 'last_backup', level: status.level, message: status.message } satisfies ProtectionReason,
    ...lastAttempt(facts),
    ...server(facts),
    ...schedule(facts),
    ...overdue(facts),
    ...rows(facts),
    ...verification(facts),
  ].sort((a, b) => rank(b.level) - rank(a.level))
  return { level: reasons[0]?.level ?? 'unknown', reasons }
}

/** What `status` says together with the last attempt: one that made no backup is never `ok`. Pure. */
export function withAttempt(status: StatusReport, attempt: BackupAttempt | null) {
  const [reason] = lastAttempt({ attempt, status })
  if (!reason) return { ...status, last_attempt_failed: false }
  const level = rank(reason.level) > rank(status.level) ? reason.level : status.level
  return {
    ...status,
    level: level as StatusReport['level'],
    message: `${status.message} ${reason.message}`,
    last_attempt_failed: true,
  }
}

const rank = (level: ProtectionLevel): number => protectionLevels.indexOf(level)

function lastAttempt({
  attempt,
  status,
}: {
  attempt: BackupAttempt | null
  status: Pick<StatusReport, 'last_backup'>
}): ProtectionReason[] {
  if (attempt === null || !['failed', 'interrupted'].includes(attempt.status)) return []
  const made = status.last_backup?.completed_at ?? null
  // A backup that was made after it, by a command or another process, stands for it.
  if (made !== null && Date.parse(made) > Date.parse(attempt.finished_at)) return []
  const { detail, advice } = attempt
  const how = attempt.status === 'failed' ? 'failed' : 'was interrupted'
  return [
    {
      code: 'last_attempt',
      level: status.last_backup === null ? 'failed' : 'warning',
      message: `The last backup ${how}${detail ? `: ${detail}` : '.'}`,
      ...(advice === undefined ? {} : { advice }),
    },
  ]
}

function server({ status }: ProtectionFacts): ProtectionReason[] {
  if (status.server_answers) return []
  return [
    {
      code: 'server_away',
      level: 'failed',
      message: 'The database server does not answer: no backup can be made now.',
      advice: 'Look at the server and the URL of the database: {doctor}.',
    },
  ]
}

function schedule({ isScheduled, isPaused }: ProtectionFacts): ProtectionReason[] {
  if (isScheduled === null)
    return [{ code: 'schedule_unknown', level: 'unknown', message: 'There is no catalog: the schedule is not known.' }]
  if (!isScheduled)
    return [
      {
        code: 'schedule_off',
        level: 'warning',
        message: 'No schedule makes backups: they are made only when a person or a program asks.',
        advice: 'Turn the schedule on: {config.change}.',
      },
    ]
  if (!isPaused) return []
  return [{ code: 'queue_paused', level: 'warning', message: 'The queue is paused: scheduled backups do not begin.' }]
}

function overdue({ overdueSeconds }: ProtectionFacts): ProtectionReason[] {
  if (overdueSeconds === 0) return []
  const minutes = Math.round(overdueSeconds / 60)
  return [
    {
      code: 'schedule_overdue',
      level: 'warning',
      message: `A scheduled backup should have begun ${minutes} minutes ago and has not.`,
      advice: 'See what runs the schedule: {doctor}.',
    },
  ]
}

function rows({ rowAlarms }: ProtectionFacts): ProtectionReason[] {
  if (rowAlarms === 0) return []
  return [
    {
      code: 'rows_odd',
      level: 'warning',
      message: 'A backup has rows that are missing or rewritten, and no one has looked at it.',
      advice: 'Look at it: {alarms.list}.',
    },
  ]
}

function verification({ status }: ProtectionFacts): ProtectionReason[] {
  if (status.last_backup === null || status.last_verified_at !== null) return []
  return [
    {
      code: 'never_verified',
      level: 'unknown',
      message: 'No backup of this database was verified yet.',
      advice: 'Verify one: {backups.verify}.',
    },
  ]
}
