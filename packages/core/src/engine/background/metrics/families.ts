import type { MetricFamily } from '../../../policy/metric-text.ts'

/**
 * Every metric there is: its name without `lifeboat_`, and what it says. What ends in `_total` counts, what ends in `_info`
 * names; the others are gauges. docs/monitoring.md has the same list.
 */
export const metricHelp = {
  build_info: 'The version of Lifeboat.',
  backup_last_success_timestamp_seconds: 'When the newest completed backup was completed.',
  backup_last_attempt_timestamp_seconds: 'When the last backup that was tried ended, well or badly.',
  backup_last_attempt_success: 'Whether that one was completed: 1 or 0.',
  backup_consecutive_failures: 'Backups that failed or were interrupted since the last that was completed.',
  backup_attempts_total: 'Backups that have ended, by outcome.',
  backup_duration_seconds: 'How long the newest backup took.',
  backup_logical_bytes: 'What the newest backup holds, before deduplication and compression.',
  backup_stored_bytes: 'What the newest backup added to the repository.',
  backup_rows: 'Rows in the newest backup.',
  backup_lost_files: 'Files of the media that the newest backup could not read.',
  backups_kept: 'Completed backups in the repository.',
  backups_bad: 'Backups whose last verification found them bad.',
  backup_verified_timestamp_seconds: 'When a backup was last verified and found good.',
  backup_next_due_timestamp_seconds: 'When the schedule makes the next backup.',
  backup_interval_seconds: 'The longest time between two backups by the schedule.',
  database_bytes: 'Size of the database when the newest backup was made.',
  recovery_point_timestamp_seconds: 'The moment that a restore of the newest good backup goes back to.',
  recovery_point_age_seconds: 'How long ago that was.',
  recovery_point_objective_seconds:
    'How old it may become: the objective of the options, else one and a half times the longest interval of the schedule.',
  recovery_point_worst_seconds: 'The longest time between two good backups of the last 30 days.',
  recovery_time_seconds: 'How long a recovery took in the newest drill that measured one.',
  recovery_time_objective_seconds: 'How long a recovery may take, by the options.',
  health_score: 'How well the database is protected, 0 to 100; the status has the reasons.',
  alarms_open: 'Alarms about rows or sizes that no one has acknowledged.',
  drill_last_timestamp_seconds: 'When a drill last ended, by its verdict.',
  restores_total: 'Restores that have ended, by outcome.',
  restore_last_success_timestamp_seconds: 'When a restore last succeeded.',
  repository_bytes: 'Bytes of all objects in the repository; counted every five minutes.',
  repository_free_bytes: 'Bytes that are free where the repository is, if that can be known.',
  repository_full_timestamp_seconds:
    'When nothing is free any more at the repository, at the rate of the last 30 days.',
  repository_damaged_manifests: 'Manifests that are there and cannot be read.',
  scrub_last_timestamp_seconds: 'When stored packs were last read again.',
  scrub_coverage_ratio: 'The share of the packs that was read again within the period of the scrub.',
  scrub_problems: 'Packs that the last scrub found damaged or missing.',
  jobs: 'Jobs that are queued or running.',
  job_oldest_queued_timestamp_seconds: 'Since when the oldest queued job waits.',
  queue_paused: 'Whether the queue begins nothing new: 1 or 0.',
  schedule_overdue_seconds:
    'For how long a run of the schedule should have begun and has not; 0 where none is overdue.',
  scheduler_last_seen_timestamp_seconds: 'When a process that runs the schedule was last seen.',
  notification_deliveries: 'Messages that wait, or that were given up.',
  audit_events: 'Events in the audit log.',
  audit_anchored_timestamp_seconds: 'When events were last laid into the repository.',
  audit_broken: 'Whether the last check of the audit log found it changed: 1 or 0; none was made yet: no value.',
  audit_unanchored_events: 'Events that the repository does not hold yet.',
} as const satisfies Record<string, string>

export type MetricName = keyof typeof metricHelp

type Labels = Record<string, string>
/** Values by metric; what is not known has none. */
export type Figures = Partial<Record<MetricName, [Labels, number][]>>

export function setFigure(figures: Figures, name: MetricName, labels: Labels, value: number | null | undefined): void {
  if (value === null || value === undefined || Number.isNaN(value)) return
  const known = figures[name]
  if (known) known.push([labels, value])
  else figures[name] = [[labels, value]]
}

/** Every family, those without a value too: a query that finds none is a mistake then, and not a silence. */
export function familiesOf(figures: Figures): MetricFamily[] {
  return (Object.keys(metricHelp) as MetricName[]).map((name) => ({
    name: `lifeboat_${name}`,
    help: metricHelp[name],
    type: name.endsWith('_total') ? 'counter' : name.endsWith('_info') ? 'info' : 'gauge',
    values: (figures[name] ?? []).map(([labels, value]) => ({ labels, value })),
    aggregator: 'first',
  }))
}

/** Seconds since 1970 of a time in ISO 8601. */
export const secondsOf = (time: string | null | undefined): number | null =>
  time === null || time === undefined ? null : Date.parse(time) / 1000
