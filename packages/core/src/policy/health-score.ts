/** One thing that takes points, or a limit that the score does not pass. */
export interface HealthLine {
  id: string
  /** Points it takes, 0 or less. */
  points: number
  /** The score is not above this while it is so; null: no limit. */
  cap: number | null
  /** One sentence for people. */
  message: string
  /** What to do next. */
  advice?: string
}

export interface Health {
  /** 0 to 100: 100 is nothing to say. */
  score: number
  band: 'good' | 'look' | 'act'
  /** What keeps it from 100: limits first, the lowest of them first, then what takes most points. */
  lines: HealthLine[]
}

/** What is known of one database. Null: it could not be found out, or there is no such thing. */
export interface HealthFacts {
  /** Whether the newest backup is good; null: there is no completed backup. */
  isNewestGood: boolean | null
  /** Since the snapshot of the newest good backup. */
  pointSeconds: number | null
  /** The longest time between two backups by the schedule. */
  periodSeconds: number | null
  pointObjectiveSeconds: number | null
  recoverySeconds: number | null
  recoveryObjectiveSeconds: number | null
  serverAnswers: boolean
  auditBroken: boolean
  /** Null: there is no catalog to ask. */
  isScheduled: boolean | null
  isPaused: boolean
  /** For how long a scheduled backup should have begun; 0: none is overdue. */
  overdueSeconds: number
  /** Days since a backup was restored, or drilled well; null: never. */
  daysSinceProof: number | null
  lastDrillBad: boolean
  /** Days since a backup was verified and good; null: never. */
  daysSinceVerified: number | null
  /** Share of the packs that was read again in the period of the scrub; null: none is made. */
  scrubCoverage: number | null
  scrubProblems: number
  /** Copies of the repository, and how many of them are behind or away. */
  copies: number
  copiesBehind: number
  /** Backups that failed in 30 days. */
  failedRuns: number
  lastRunFailed: boolean
  storage: 'ok' | 'low' | 'critical' | 'unknown'
  storageMessage: string
  openRowAlarms: number
  openSizeAlarms: number
  /** Days since a message arrived, by any channel; null: there is no channel, or none has taken one. */
  daysSinceMessage: number | null
  channelsFailing: number
  /** False: the repository is encrypted and no user has taken the recovery kit. */
  kitTaken: boolean | null
}

const bands = { good: 90, look: 70 } as const

/**
 * How well a database is protected, as a number with its reasons. What makes a restore impossible limits the score, whatever else is well;
 * everything else takes points. One more problem never raises it, and without a backup it is 0. Pure.
 */
export function healthOf(facts: HealthFacts): Health {
  const lines = [
    ...capLines(facts),
    ...proofLines(facts),
    ...runLines(facts),
    ...placeLines(facts),
    ...toldLines(facts),
  ]
  const points = lines.reduce((sum, line) => sum + line.points, 0)
  const cap = Math.min(100, ...lines.flatMap((line) => (line.cap === null ? [] : [line.cap])))
  const score = Math.max(0, Math.min(cap, 100 + points))
  const band = score >= bands.good ? 'good' : score >= bands.look ? 'look' : 'act'
  return { score, band, lines: lines.sort((a, b) => (a.cap ?? 101) - (b.cap ?? 101) || a.points - b.points) }
}

const caps = (id: string, cap: number, message: string, advice: string): HealthLine => ({
  ...{ id, points: 0, cap, message, advice },
})
const takes = (id: string, points: number, message: string, advice?: string): HealthLine => ({
  ...{ id, points: -points, cap: null, message },
  ...(advice === undefined ? {} : { advice }),
})
const hours = (seconds: number): string => `${(seconds / 3600).toFixed(1)} h`

function capLines(facts: HealthFacts): HealthLine[] {
  const { isNewestGood, pointSeconds, periodSeconds, pointObjectiveSeconds } = facts
  const lines: HealthLine[] = []
  if (isNewestGood === null) lines.push(caps('no_backup', 0, 'There is no backup.', 'Make one: {backups.create}.'))
  if (isNewestGood === false)
    lines.push(
      caps('newest_bad', 0, 'The newest backup failed its last verification.', 'Make another one: {backups.create}.'),
    )
  const limit = pointObjectiveSeconds ?? periodSeconds
  if (pointSeconds !== null && limit !== null && pointSeconds > 2 * limit)
    lines.push(
      caps(
        'too_old',
        40,
        `A restore would lose ${hours(pointSeconds)} of work, more than twice the ${hours(limit)} that are meant.`,
        'Look why none was made: {tasks.list}.',
      ),
    )
  if (pointSeconds !== null && pointObjectiveSeconds !== null && pointSeconds > pointObjectiveSeconds)
    lines.push(
      takes(
        'recovery_point',
        15,
        `A restore would lose ${hours(pointSeconds)} of work; the objective is ${hours(pointObjectiveSeconds)}.`,
      ),
    )
  if (facts.auditBroken)
    lines.push(caps('audit_broken', 30, 'The audit log was changed.', 'See where: {audit.verify}.'))
  if (!facts.serverAnswers)
    lines.push(
      caps(
        'server_away',
        60,
        'The database server does not answer: no backup can be made now.',
        'Look at the server: {doctor}.',
      ),
    )
  if (facts.daysSinceProof === null)
    lines.push(caps('never_proven', 70, 'No backup was ever restored or drilled.', 'Drill one: {drills.run}.'))
  if (facts.openRowAlarms > 0)
    lines.push(
      caps('rows_odd', 75, 'Rows are missing or rewritten, and no one has looked at it.', 'Look at it: {alarms.list}.'),
    )
  return lines
}

function proofLines(facts: HealthFacts): HealthLine[] {
  const { daysSinceProof, daysSinceVerified, recoverySeconds, recoveryObjectiveSeconds, scrubCoverage } = facts
  const lines: HealthLine[] = []
  if (facts.lastDrillBad) lines.push(takes('drill_bad', 20, 'The last drill failed.', 'See why: {drills.list}.'))
  if (daysSinceProof !== null && daysSinceProof > 35)
    lines.push(
      takes(
        'proof_old',
        daysSinceProof > 100 ? 20 : 10,
        `The last good drill or restore was ${Math.floor(daysSinceProof)} days ago.`,
        'Drill one: {drills.run}.',
      ),
    )
  if (recoveryObjectiveSeconds !== null && recoverySeconds === null)
    lines.push(takes('recovery_time_unknown', 5, 'The recovery time was never measured.', 'Measure it: {drills.run}.'))
  if (recoveryObjectiveSeconds !== null && recoverySeconds !== null && recoverySeconds > recoveryObjectiveSeconds)
    lines.push(
      takes(
        'recovery_time',
        10,
        `A recovery took ${(recoverySeconds / 60).toFixed(1)} min; the objective is ${(recoveryObjectiveSeconds / 60).toFixed(1)} min.`,
      ),
    )
  if (daysSinceVerified === null || daysSinceVerified > 7)
    lines.push(
      takes('verify_old', 5, 'No backup was verified in the last seven days.', 'Verify one: {backups.verify}.'),
    )
  if (scrubCoverage !== null && scrubCoverage < 1)
    lines.push(takes('scrub', 5, 'Not all that is stored was read again in the period of the scrub.'))
  if (facts.scrubProblems > 0)
    lines.push(
      takes(
        'scrub_problems',
        20,
        'The last scrub found damaged or missing packs.',
        'Repair from a copy: {maintenance.repair}.',
      ),
    )
  if (facts.openSizeAlarms > 0)
    lines.push(
      takes('size_odd', 5, 'A backup has an odd size, and no one has looked at it.', 'Look at it: {alarms.list}.'),
    )
  return lines
}

function runLines(facts: HealthFacts): HealthLine[] {
  const { failedRuns, isScheduled, overdueSeconds } = facts
  const lines: HealthLine[] = []
  if (isScheduled === false)
    lines.push(takes('no_schedule', 20, 'No schedule makes backups.', 'Turn it on: {config.change}.'))
  if (isScheduled === null) lines.push(takes('no_catalog', 20, 'There is no catalog: runs and messages are not known.'))
  if (facts.isPaused)
    lines.push(takes('paused', 10, 'The queue is paused: scheduled backups do not begin.', 'Go on: {tasks.resume}.'))
  if (overdueSeconds > 0)
    lines.push(
      takes(
        'overdue',
        10,
        `A scheduled backup should have begun ${hours(overdueSeconds)} ago.`,
        'See what runs the schedule: {doctor}.',
      ),
    )
  if (facts.lastRunFailed) lines.push(takes('last_failed', 15, 'The last backup failed.', 'See why: {tasks.list}.'))
  if (failedRuns > 0)
    lines.push(
      takes(
        'failed_runs',
        Math.min(15, failedRuns),
        `${failedRuns} of the backups of the last 30 days failed.`,
        'See why: {tasks.list}.',
      ),
    )
  return lines
}

function placeLines({ copies, copiesBehind, storage, storageMessage }: HealthFacts): HealthLine[] {
  const lines: HealthLine[] = []
  if (copies === 0)
    lines.push(
      takes('no_copy', 10, 'There is no second copy of the repository.', 'Configure one by the option `copies`.'),
    )
  if (copiesBehind > 0)
    lines.push(
      takes('copy_behind', 10, 'A copy of the repository is behind, or away.', 'Bring it up to date: {copies.update}.'),
    )
  if (storage === 'low')
    lines.push(takes('storage_low', 10, storageMessage, 'Keep less, or give it more space: {retention.preview}.'))
  if (storage === 'critical')
    lines.push(takes('storage_critical', 25, storageMessage, 'Keep less, or give it more space: {retention.preview}.'))
  return lines
}

function toldLines({ daysSinceMessage, channelsFailing, kitTaken, isScheduled }: HealthFacts): HealthLine[] {
  const lines: HealthLine[] = []
  // Without a catalog no message is known of: that is said already.
  if (isScheduled !== null && (daysSinceMessage === null || daysSinceMessage > 30))
    lines.push(
      takes('no_channel', 10, 'No channel has taken a message in the last 30 days.', 'Try one: {notifications.test}.'),
    )
  if (channelsFailing > 0)
    lines.push(takes('channel_failing', 5, 'A channel takes no messages.', 'See which: {notifications.list}.'))
  if (kitTaken === false)
    lines.push(
      takes(
        'no_kit',
        10,
        'No one has taken the recovery kit: with the key, everything is lost.',
        'Take it: {keys.recoveryKit}.',
      ),
    )
  return lines
}
