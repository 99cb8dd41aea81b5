import type { ApprovalRecord } from './approvals.ts'
import type { JobStatus } from './catalog.ts'

/**
 * The tables as both dialects store them: times and JSON as text, truth values as 0 and 1, so that one set of queries
 * and one order of values serve SQLite and PostgreSQL.
 */
export interface Tables {
  jobs: {
    id: string
    kind: string
    subject_id: string | null
    database: string
    writer: string | null
    status: JobStatus
    position: number
    input: string
    progress: string | null
    result: string | null
    error: string | null
    trigger: string
    created_by: string
    created_at: string
    started_at: string | null
    finished_at: string | null
    worker: string | null
    lease_until: string | null
    cancel_requested: number
    try_requested: number
    attempt: number
    resumes: string | null
  }
  job_logs: { job_id: string; seq: number; at: string; level: string; message: string; detail: string | null }
  restores: {
    id: string
    backup_id: string
    database: string
    strategy: string
    status: string
    verdict: string | null
    safety_backup_id: string | null
    kept_database: string | null
    undo_until: string | null
    started_at: string
    finished_at: string | null
    rows: number | null
    error: string | null
    job_id: string | null
    created_by: string
    plan: string | null
    swapped: number
    undone: number
    problems: string
    ran: string
  }
  schedules: {
    name: string
    kind: string
    database: string | null
    cron: string
    time_zone: string | null
    jitter_minutes: number
    enabled: number
    input: string
    changed_by: string
    changed_at: string
  }
  configuration: { name: string; value: string; changed_by: string; changed_at: string }
  audit_events: {
    seq: number
    hash: string
    at: string
    actor: string
    address: string | null
    action: string
    subject: string | null
    outcome: 'started' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted' | 'refused'
    detail: string
    chain: string | null
    seal: string | null
  }
  audit_anchors: { name: string; chain: string; seq: number; hash: string; at: string }
  schedule_slots: { schedule: string; slot: string; worker: string; fired_at: string; job_id: string | null }
  workers: { id: string; host: string; pid: number; roles: string; started_at: string; seen_at: string }
  notification_events: { id: string; at: string; type: string; body: string }
  deliveries: {
    id: string
    event_id: string
    channel: string
    status: 'queued' | 'sent' | 'given_up'
    attempts: number
    next_at: string
    created_at: string
    ended_at: string | null
    last_error: string | null
    body_sha256: string | null
  }
  conditions: { key: string; since: string; count: number; told_at: string; event: string }
  stream_positions: { name: string; seq: number }
  approvals: {
    id: string
    status: ApprovalRecord['status']
    action: string
    subject: string | null
    ask_hash: string
    plan_hash: string
    policy_hash: string
    asked: string
    requested_by: string
    requested_at: string
    expires_at: string
    glass: string | null
    ended_at: string | null
    ended_by: string | null
    ended_reason: string | null
    use_id: string | null
  }
  approval_votes: { approval_id: string; person: string; actor: string; at: string; comment: string | null }
}
