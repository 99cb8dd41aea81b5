import { z } from 'zod'
import { approvalStates } from './approvals.ts'

/** Every record once: what HTTP, its types, the command and the pages show. Names are the same everywhere. */

const time = z.iso.datetime()

export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('Stable; what programs look at.'),
    detail: z.string(),
    advice: z.string().optional().describe('What to do next.'),
  })
  .meta({ id: 'problem' })

const errorSchema = z.looseObject({ code: z.string(), detail: z.string() }).nullable()

export const backupSchema = z
  .looseObject({
    id: z.string(),
    number: z.int().nullable(),
    status: z.enum(['pending', 'running', 'completed', 'failed', 'cancelled', 'interrupted']),
    type: z.enum(['full', 'incremental', 'differential']).nullable(),
    name: z.string().nullable(),
    description: z.string().nullable(),
    trigger: z.string().nullable(),
    created_by: z.string().nullable(),
    created_at: time.nullable(),
    completed_at: time.nullable(),
    app_name: z.string().nullable(),
    app_version: z.string().nullable(),
    lifeboat_version: z.string().nullable(),
    node_version: z.string().nullable(),
    postgres_version: z.string().nullable(),
    migration_state: z.record(z.string(), z.array(z.string())).nullable(),
    installed_packages: z.record(z.string(), z.string()).nullable(),
    database: z.string().nullable(),
    database_size: z.number().nullable(),
    table_counts: z.record(z.string(), z.number()).optional().describe('Rows per table; with a single backup only.'),
    include_media: z.boolean().nullable(),
    media_only: z.boolean().nullable().describe('It holds media folders alone, and nothing of the database.'),
    media_size: z.number().nullable(),
    logical_bytes: z.number().nullable(),
    bytes_read: z.number().nullable().describe('Read out for it; the rest was taken over from its base.'),
    stored_bytes: z.number().nullable(),
    checksum: z.string().nullable().describe('SHA-256 of the manifest, the root of everything in the backup.'),
    tags: z.record(z.string(), z.string()).nullable(),
    pinned: z.boolean().nullable(),
    last_verified: z
      .object({ level: z.string(), at: time, ok: z.boolean(), problem: z.string().optional() })
      .nullable(),
    not_verified: z
      .object({ level: z.string(), at: time, reason: z.string() })
      .nullable()
      .optional()
      .describe('The last verification, where it could not find out; `last_verified` is what was known before.'),
    forecast: z
      .object({ outlook: z.enum(['as-is', 'migrated', 'carried', 'refused', 'unknown']), why: z.string() })
      .optional()
      .describe('Whether the running code could restore it, where a list was asked for that.'),
    quarantine: z
      .object({
        file_sha256: z.string(),
        file_bytes: z.number(),
        findings: z.int().describe('Kinds of things a restore would run; the backup itself lists them.'),
        trusted: z
          .object({
            // What was recorded before there was a choice is trusted as a whole.
            scope: z.enum(['all', 'data']).default('all'),
            at: time,
            by: z.string(),
            reason: z.string(),
          })
          .nullable(),
      })
      .nullable()
      .optional()
      .describe(
        'Of a backup that was imported from a file; `trusted` null: nothing of it may be run or loaded; of scope `data`: its rows may be loaded.',
      ),
    error: errorSchema,
    task_id: z.string().nullable(),
  })
  .meta({ id: 'backup' })

const tableSizeSchema = z
  .object({
    rows: z.number().nullable(),
    exact: z.boolean().describe("False where the rows are estimated by the server's statistics."),
    bytes: z.number().nullable().describe('Of its rows as COPY writes them; null of a live database.'),
    disk_bytes: z.number().describe('Of its main file.'),
  })
  .nullable()
const columnSchema = z.object({ name: z.string(), definition: z.string() })
const sideSchema = z.looseObject({ kind: z.enum(['backup', 'live']), database: z.string() })

export const comparisonSchema = z
  .object({
    before: sideSchema,
    after: sideSchema,
    tables: z.array(
      z.object({
        table: z.string(),
        schema: z.enum(['same', 'added', 'removed', 'changed']),
        columns: z.object({
          added: z.array(columnSchema),
          removed: z.array(columnSchema),
          changed: z.array(z.object({ name: z.string(), before: z.string(), after: z.string() })),
        }),
        before: tableSizeSchema,
        after: tableSizeSchema,
      }),
    ),
  })
  .meta({ id: 'comparison' })

export const taskSchema = z
  .object({
    task_id: z.string(),
    kind: z.string(),
    subject_id: z.string().nullable(),
    database: z.string(),
    status: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted']),
    progress: z
      .object({
        phase: z.string(),
        percent: z.number().nullable(),
        bytes: z.number(),
        bytes_total: z.number().nullable(),
        rows: z.number().nullable(),
        eta_seconds: z.number().nullable(),
        waiting: z
          .object({
            reason: z.string(),
            blocked_by: z.object({ pid: z.int(), statement: z.string() }).nullable(),
            next_try_at: time.nullable(),
          })
          .optional()
          .describe('Only in phase `waiting`: why the work stands still, who is in the way, when it tries again.'),
      })
      .nullable(),
    result: z.record(z.string(), z.unknown()).nullable(),
    error: errorSchema,
    trigger: z.string(),
    created_by: z.string(),
    created_at: time,
    started_at: time.nullable(),
    finished_at: time.nullable(),
    cancel_requested: z.boolean(),
    attempt: z.int(),
    resumes: z.string().nullable(),
  })
  .meta({ id: 'task' })

export const restoreSchema = z
  .object({
    id: z.string(),
    backup_id: z.string(),
    database: z.string(),
    strategy: z.string(),
    status: z.enum([
      'pending',
      'running',
      'succeeded',
      'succeeded_with_problems',
      'failed',
      'cancelled',
      'interrupted',
      'undone',
    ]),
    message: z.string().describe('One sentence: what is live now, and what can still be done.'),
    swapped: z.boolean().describe('Whether the restored data became live.'),
    checked: z.boolean().describe('False where the server could not be asked what it keeps.'),
    problems: z.array(z.object({ code: z.string(), text: z.string(), advice: z.string().optional() })),
    ran: z
      .record(z.string(), z.unknown())
      .describe('What ran on the restored data: migrations, data_migrations, validators.'),
    verdict: z.string().nullable(),
    safety_backup_id: z.string().nullable(),
    kept_database: z.string().nullable(),
    undo_until: time.nullable(),
    started_at: time,
    finished_at: time.nullable(),
    rows: z.number().nullable(),
    error: errorSchema,
    task_id: z.string().nullable(),
    created_by: z.string(),
  })
  .meta({ id: 'restore' })

export const logSchema = z
  .object({
    seq: z.int(),
    at: time,
    level: z.string(),
    message: z.string(),
    detail: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: 'log' })

export const startedSchema = z
  .object({ task_id: z.string(), id: z.string().optional().describe('Of the backup or restore.') })
  .meta({ id: 'started' })

export const damagedSchema = z
  .object({ id: z.string(), code: z.string(), message: z.string() })
  .meta({ id: 'damaged_manifest', description: 'A stored manifest that cannot be read.' })

export const unreadableSchema = z
  .object({ object: z.string(), code: z.string(), message: z.string() })
  .meta({ id: 'unreadable_object', description: 'A stored pin, annotation or verification that cannot be read.' })

export const keptDatabaseSchema = z
  .object({
    restore_id: z.string(),
    backup_id: z.string(),
    database: z.string().describe('The live name it had.'),
    kept_database: z.string(),
    replaced_at: time,
    undo_until: time.nullable(),
    bytes: z.number(),
    safety_backup_id: z.string().nullable(),
    undone: z.boolean().describe('Whether it is the restored data, and an undo has put back what was before.'),
    media: z
      .array(z.string())
      .describe('The media folders that the restore replaced or made; an undo puts back those it replaced.'),
  })
  .meta({ id: 'kept_database' })

export const planSchema = z
  .looseObject({
    hash: z.string().describe('What a confirmation is bound to.'),
    backup: z.object({
      id: z.string(),
      number: z.int(),
      checksum: z.string(),
      created_at: z.string(),
      database: z.string(),
    }),
    strategy: z.string(),
    database: z.string(),
    replaces: z.boolean(),
    options: z.record(z.string(), z.unknown()),
    migrations: z.array(z.record(z.string(), z.unknown())),
    steps: z.array(z.object({ id: z.string(), text: z.string(), seconds: z.number().optional() })),
    warnings: z.array(z.object({ code: z.string(), text: z.string() })),
    refusals: z.array(z.object({ code: z.string(), text: z.string(), override: z.string().optional() })),
    overridden: z.array(z.object({ code: z.string(), text: z.string(), override: z.string().optional() })),
  })
  .meta({ id: 'restore_plan' })

export const restoreResultSchema = z
  .looseObject({
    id: z.string(),
    backup_id: z.string(),
    database: z.string(),
    strategy: z.string(),
    status: z.string(),
  })
  .meta({ id: 'restore_result' })

export const verifyReportSchema = z
  .looseObject({
    id: z.string(),
    number: z.int(),
    ok: z.boolean(),
    levels: z.array(z.looseObject({ level: z.string(), at: time, ok: z.boolean(), problems: z.array(z.string()) })),
  })
  .meta({ id: 'verify_report' })

export const exportSchema = z
  .object({ file_name: z.string(), file: z.string().nullable(), bytes: z.number(), sha256: z.string() })
  .meta({ id: 'export' })

export const retentionPolicySchema = z
  .object({
    newest: z.int(),
    days: z.number(),
    hourly: z.int(),
    daily: z.int(),
    weekly: z.int(),
    monthly: z.int(),
    yearly: z.int(),
    safetyDays: z.number(),
    timeZone: z.string(),
  })
  .meta({ id: 'retention_policy' })

export const retentionPreviewSchema = z
  .object({
    policy: retentionPolicySchema,
    decisions: z.array(
      z.object({
        id: z.string(),
        number: z.int(),
        name: z.string(),
        created_at: z.string(),
        database: z.string(),
        keep: z.boolean(),
        reasons: z.array(z.string()),
        text: z.string(),
      }),
    ),
    refusals: z.array(z.looseObject({ text: z.string() })).describe('What the policy asks for and is not done.'),
    wouldRemove: z.int().describe('How many would go if nothing were refused.'),
  })
  .meta({ id: 'retention_preview' })

export const pruneSchema = z
  .looseObject({
    packsMarked: z.int(),
    packsDeleted: z.int(),
    bytesFreed: z.number(),
  })
  .meta({ id: 'prune_result' })

export const copySchema = z
  .looseObject({
    name: z.string(),
    location: z.string(),
    level: z.enum(['ok', 'warning']),
    message: z.string(),
    backups: z.int().nullable().describe('Backups it holds; null where it could not be asked.'),
    missing: z.int().nullable().describe('Backups it should hold and does not.'),
    newest_at: time.nullable(),
    error: z.object({ code: z.string(), detail: z.string() }).nullable(),
  })
  .meta({ id: 'copy' })

export const keySlotSchema = z
  .object({
    slot: z.string(),
    kind: z.enum(['passphrase', 'raw_key', 'kms', 'age', 'none']),
    label: z.string(),
    created_at: z.string(),
    opened_with: z.boolean().describe('Whether the engine opened the repository with it.'),
    kms_key: z.string().nullable(),
    recipients: z.array(z.string()).nullable(),
  })
  .meta({ id: 'key_slot' })

export const repositorySchema = z
  .object({
    id: z.string(),
    location: z.string().describe('Without secrets.'),
    format: z.int(),
    encryption: z.enum(['aes-256-gcm', 'none']),
    created_at: z.string(),
    fingerprint: z.string().describe('Distinguishes it from a repository that someone else made; no secret.'),
  })
  .meta({ id: 'repository' })

export const throttleSchema = z
  .object({
    upload: z.number().describe('Bytes per second to the repository; 0 is no limit.'),
    download: z.number().describe('Bytes per second from the repository; 0 is no limit.'),
  })
  .meta({ id: 'throttle' })

export const scheduleSchema = z
  .object({
    name: z.string(),
    kind: z.string().describe('Kind of job.'),
    database: z.string().nullable().describe('Label; null: the repository as a whole.'),
    enabled: z.boolean(),
    cron: z.string(),
    time_zone: z.string(),
    jitter_minutes: z.number(),
    input: z.record(z.string(), z.unknown()).describe('What the job is asked for.'),
    by_settings: z.boolean().describe('Made from the run-time settings (auto_backup_*, scrub_*), and changed there.'),
    include_media: z.boolean().optional(),
    media_only: z.boolean().optional(),
    type: z.string().optional(),
    next_runs: z.array(time),
  })
  .meta({ id: 'schedule' })

export const auditEventSchema = z
  .object({
    seq: z.int(),
    hash: z.string(),
    at: time,
    actor: z.string(),
    address: z.string().nullable(),
    action: z.string(),
    subject: z.string().nullable(),
    outcome: z.enum(['started', 'succeeded', 'failed', 'cancelled', 'interrupted', 'refused']),
    detail: z.record(z.string(), z.unknown()),
    chain: z.string().nullable().describe('Null: recorded before events had chains and seals.'),
    seal: z.string().nullable().describe('HMAC under the key of the repository; null: it could not be opened.'),
  })
  .meta({ id: 'audit_event' })

const auditProblemSchema = z.object({
  seq: z.int().describe('The first event that this concerns.'),
  kind: z.enum(['changed', 'missing', 'seal', 'rewritten', 'cut', 'anchor_missing']),
  text: z.string(),
})
const auditStateSchema = z.enum(['intact', 'unproven', 'broken'])

export const auditReportSchema = z
  .object({
    checked: z.enum(['catalog', 'repository']),
    state: auditStateSchema.describe('`unproven`: nothing vouches for the last events.'),
    first: auditProblemSchema.extend({ chain: z.string().nullable() }).nullable().describe('The first bad place.'),
    witnesses: z.int().describe('Backups that name an event.'),
    chains: z.array(
      z.object({
        chain: z.string().nullable(),
        catalog: z.string().describe('Where the catalog is or was.'),
        in_catalog: z.boolean(),
        state: auditStateSchema,
        events: z.int(),
        head: z.object({ seq: z.int(), hash: z.string() }).nullable(),
        version_1: z.int().describe('Events from before there were seals.'),
        anchored_to: z.int(),
        anchored_at: time.nullable(),
        anchors: z.int(),
        unanchored: z.int(),
        unanchored_since: time.nullable(),
        unsealed: z.array(z.object({ from: z.int(), to: z.int() })),
        ended_by: z.int().nullable().describe('The event that records that this chain was lost.'),
        problems: z.array(auditProblemSchema),
        doubt: auditProblemSchema.nullable(),
      }),
    ),
  })
  .meta({ id: 'audit_report' })

const scrubStateSchema = z.record(z.string(), z.unknown()).nullable()

export const storageOutlookSchema = z
  .object({
    free_bytes: z.number().nullable(),
    bytes_per_day: z
      .number()
      .nullable()
      .describe('What became less each day of the last 30; null: too little is known.'),
    full_at: time.nullable().describe('When nothing is free any more at this rate.'),
    level: z.enum(['ok', 'low', 'critical', 'unknown']),
    message: z.string(),
  })
  .meta({ id: 'storage_outlook' })

export const statisticsSchema = z
  .object({
    backups: z.int(),
    succeeded: z.int(),
    failed: z.int(),
    success_rate: z.number().nullable(),
    stored_bytes: z.number(),
    logical_bytes: z.number(),
    last_backup_at: time.nullable(),
    mean_duration_seconds: z.number().nullable(),
    running: z.int(),
    queued: z.int(),
    scrub: scrubStateSchema,
    storage: storageOutlookSchema.describe('How long the space at the repository will do.'),
  })
  .meta({ id: 'statistics' })

export const alarmSchema = z
  .object({
    id: z.string(),
    what: z.enum(['rows', 'size']),
    backup: z.string(),
    number: z.int().describe('Of the backup that is odd.'),
    database: z.string().describe('Its name on the server.'),
    system_identifier: z.string(),
    at: time,
    findings: z
      .array(
        z.object({
          kind: z.enum(['emptied', 'lost', 'vanished', 'rewritten', 'smaller', 'larger']),
          table: z.string().nullable().describe('schema.table; null: the backup as a whole.'),
          before: z.int().describe('Rows of the table, or bytes of the backup.'),
          after: z.int(),
          message: z.string(),
        }),
      )
      .describe('The worst first, 100 at most.'),
    finding_count: z.int(),
    compared_with: z.int().describe('Number of the backup it was compared with.'),
    held: z
      .object({ backup: z.string(), number: z.int() })
      .nullable()
      .describe('The backup that is pinned until the alarm is acknowledged.'),
    acknowledged: z
      .object({ at: time, by: z.string(), reason: z.string(), expected: z.boolean() })
      .nullable()
      .describe('null: no one has yet.'),
  })
  .meta({ id: 'alarm' })

const seconds = z.number().nullable()
/** What a loss would cost now, against what it may cost. */
const objectivesSchema = z
  .object({
    recovery_point: z.object({
      objective_seconds: seconds,
      seconds: seconds.describe('Since the snapshot of the newest good backup: what a restore would lose.'),
      worst_seconds: seconds.describe('The longest time between two good backups of the last 30 days.'),
      met: z.boolean().nullable().describe('null: no objective is set.'),
    }),
    recovery_time: z.object({
      objective_seconds: seconds,
      seconds: seconds.describe('Of the newest drill that measured one.'),
      p90_seconds: seconds.describe('Nine of the last ten drills were not longer.'),
      measured_at: time.nullable(),
      met: z.boolean().nullable().describe('null: no objective is set, or no drill has measured it.'),
    }),
  })
  .meta({ id: 'objectives' })

export const healthScoreSchema = z
  .object({
    score: z.int().describe('0 to 100.'),
    band: z.enum(['good', 'look', 'act']).describe('From 90, from 70, below.'),
    lines: z
      .array(
        z.object({
          id: z.string(),
          points: z.int().describe('What it takes, 0 or less.'),
          cap: z.int().nullable().describe('The score is not above this while it is so.'),
          message: z.string(),
          advice: z.string().optional().describe('What to do next.'),
        }),
      )
      .describe('What keeps it from 100: limits first.'),
  })
  .meta({ id: 'health_score' })

export const statusSchema = z
  .looseObject({
    level: z.enum(['ok', 'warning', 'failed']),
    message: z.string(),
    database: z.string(),
    last_backup: backupSchema.nullable(),
    age_seconds: z.number().nullable(),
    max_age_seconds: z.number(),
    copies: z.array(copySchema),
    scrub: scrubStateSchema,
    last_verified_at: time.nullable().describe('When one of its backups was last verified and good; null: never.'),
    last_drill: z
      .object({
        ...{ id: z.string(), backup: z.string(), number: z.int(), at: time },
        verdict: z.enum(['good', 'bad', 'unknown']).describe('`unknown`: it could not find out.'),
        recovery_seconds: z.number().nullable(),
        problem: z.string().nullable(),
      })
      .nullable()
      .describe('The newest drill of a backup of this database; null: there was none.'),
    objectives: objectivesSchema,
    server_answers: z.boolean(),
    last_attempt_failed: z.boolean().describe('The last attempt made no backup, and none was made since.'),
    health: healthScoreSchema,
  })
  .meta({ id: 'status' })

const protectionLevelSchema = z
  .enum(['ok', 'unknown', 'warning', 'failed'])
  .describe('`unknown`: nothing is known to be wrong, and it is not proven that all is well.')

export const protectionSchema = z
  .object({
    level: protectionLevelSchema.describe('The worst of all databases.'),
    databases: z.array(
      z.object({
        label: z.string(),
        database: z.string().describe('Its name on the server.'),
        level: protectionLevelSchema,
        reasons: z.array(
          z.object({
            code: z.string(),
            level: protectionLevelSchema,
            message: z.string(),
            advice: z.string().optional().describe('What to do next.'),
          }),
        ),
        last_backup: backupSchema.nullable(),
        objectives: objectivesSchema,
        health: healthScoreSchema,
      }),
    ),
  })
  .meta({ id: 'protection' })

export const healthSchema = z
  .object({
    status: z.enum(['ok', 'failed']),
    paused: z.boolean(),
    databases: z.array(
      z.object({
        ...{ database: z.string(), level: z.string(), message: z.string(), objectives: objectivesSchema },
        score: z.int().describe('The health score, 0 to 100.'),
      }),
    ),
  })
  .meta({ id: 'health' })

export const doctorSchema = z
  .object({
    ok: z.boolean(),
    failed: z.array(z.string()).describe('Ids of the checks that failed, each once.'),
    warnings: z.array(z.string()).describe('Ids of the checks that warn, each once.'),
    checks: z.array(
      z.looseObject({
        id: z.string(),
        level: z.enum(['ok', 'warning', 'failed']),
        message: z.string(),
        database: z.string().optional().describe('Label of the database it is about, where several are configured.'),
        advice: z.string().optional().describe('The step that puts it right.'),
      }),
    ),
  })
  .meta({ id: 'doctor_report' })

export const checklistSchema = z
  .object({
    ok: z.boolean().describe('Whether no point is open or unknown.'),
    done: z.int(),
    open: z.int().describe('Points that are open or unknown.'),
    points: z.array(
      z.object({
        id: z.string(),
        group: z.enum(['backed_up', 'restorable', 'kept', 'keys', 'space_and_rights', 'runs', 'noticed']),
        title: z.string(),
        database: z.string().optional().describe('Label of the database, where several are configured.'),
        state: z
          .enum(['done', 'open', 'unknown', 'not_needed'])
          .describe('`unknown`: it could not be found out, and counts as open.'),
        message: z.string(),
        advice: z.string().optional().describe('What to do next.'),
        last_true_at: time.nullable().describe('When it was so last, as far as that is known.'),
      }),
    ),
  })
  .meta({ id: 'checklist' })

export const storageTestSchema = z
  .object({
    ok: z.boolean(),
    location: z.string(),
    checks: z.array(z.object({ name: z.string(), ok: z.boolean(), problem: z.string().nullable(), ms: z.number() })),
    upload_bytes_per_second: z.number(),
    download_bytes_per_second: z.number(),
    latency_ms: z.number(),
  })
  .meta({ id: 'storage_test' })

export const adoptedSchema = z
  .object({
    backups: z.int(),
    damaged: z.array(z.string()),
    ambiguous_numbers: z.array(z.int()),
    restores_added: z.array(z.string()),
    facts_taken_in: z.int(),
    audit_chains_lost: z.array(z.string()),
  })
  .meta({ id: 'adopted' })

export const approvalSchema = z
  .object({
    id: z.string(),
    state: z
      .enum(approvalStates)
      .describe('`waiting`: an emergency that goes ahead without approval when its delay is over. `void`: of no use.'),
    action: z.string().describe('Name of the action.'),
    summary: z.string(),
    subject: z.string().nullable().describe('Id of what it would be done to.'),
    parameters: z.record(z.string(), z.unknown()).describe('What was asked for.'),
    plan: z.record(z.string(), z.unknown()).nullable().describe('What would be done; null where there is no plan.'),
    plan_hash: z.string(),
    loss: z.record(z.string(), z.unknown()).nullable().describe('What would be lost, as it was counted then.'),
    requested_by: z.string(),
    requester_known: z.boolean().describe('false: an account that is no known person, such as a shared one.'),
    face: z.string(),
    requested_at: time,
    expires_at: time,
    approvals: z.object({
      have: z.int().describe('Votes that count now.'),
      need: z.int(),
      eligible: z.array(z.string()).describe('Ids of the people who can still approve.'),
    }),
    votes: z.array(z.object({ person: z.string(), at: time, comment: z.string().nullable() })),
    can_approve: z.boolean().describe('Whether the one who looks at it can approve it.'),
    why_not: z.string().nullable().describe('Why not, in words.'),
    irreversible: z.boolean().describe('It can never be undone: there is no going ahead without approval.'),
    glass: z
      .object({ by: z.string(), at: time, reason: z.string(), usable_from: time })
      .nullable()
      .describe('An emergency that goes ahead without approval.'),
    replaces: z.string().nullable().describe('The request before, which is void.'),
    ended_at: time.nullable(),
    ended_by: z.string().nullable(),
    ended_reason: z.string().nullable(),
  })
  .meta({ id: 'approval' })
