import { z } from 'zod'

/** The records of the HTTP contract, as the OpenAPI document shows them. */

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
    media_size: z.number().nullable(),
    logical_bytes: z.number().nullable(),
    bytes_read: z.number().nullable().describe('Read out for it; the rest was taken over from its base.'),
    stored_bytes: z.number().nullable(),
    checksum: z.string().nullable().describe('SHA-256 of the manifest, the root of everything in the backup.'),
    tags: z.record(z.string(), z.string()).nullable(),
    pinned: z.boolean().nullable(),
    last_verified: z.object({ level: z.string(), at: time, ok: z.boolean() }).nullable(),
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
    status: z.string(),
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

/** What a plan that has to be confirmed comes as. */
export const confirm = z.string().max(200).optional().describe('The plan_hash of the plan that was looked at.')

/** Of the configured databases, by label. */
export const ofDatabase = z.object({ database: z.string().max(100).optional() })
