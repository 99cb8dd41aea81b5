import { type Kysely, sql } from 'kysely'
import { type Migration, type MigrationProvider, Migrator } from 'kysely/migration'
import { EngineError } from '../errors.ts'
import type { Tables } from './tables.ts'

/**
 * Brings the catalog's own tables to the newest version. Several processes may do so at once. A catalog that a newer
 * version has changed is refused with `CONFIG_INVALID`.
 */
export async function migrateCatalog(database: Kysely<Tables>, schema: string | undefined): Promise<void> {
  const migrator = new Migrator({
    db: database,
    provider,
    migrationTableName: 'catalog_migrations',
    migrationLockTableName: 'catalog_migrations_lock',
    ...(schema === undefined ? {} : { migrationTableSchema: schema }),
  })
  const { error } = await migrator.migrateToLatest()
  if (error === undefined) return
  throw new EngineError('CONFIG_INVALID', `The catalog cannot be brought up to date: ${messageOf(error)}`, {
    cause: error,
    advice: 'Update @lifeboat/core if a newer version has worked on this catalog; else check the rights of its role.',
  })
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

const migrations: Record<string, Migration> = {
  '0001_tables': { up: createTables },
  '0002_facts_and_schedules': { up: addFactsAndSchedules },
  '0003_ran_on_restored': { up: addRanOnRestored },
  '0004_notifications': { up: addNotifications },
  '0005_audit_seals': { up: addAuditSeals },
  '0006_approvals': { up: addApprovals },
  '0007_try_requested': { up: addTryRequested },
}

const provider: MigrationProvider = { getMigrations: async () => migrations }

async function createTables(database: Kysely<Tables>): Promise<void> {
  await database.schema
    .createTable('jobs')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('subject_id', 'text')
    .addColumn('database', 'text', (column) => column.notNull())
    .addColumn('writer', 'text')
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('position', 'double precision', (column) => column.notNull())
    .addColumn('input', 'text', (column) => column.notNull())
    .addColumn('progress', 'text')
    .addColumn('result', 'text')
    .addColumn('error', 'text')
    .addColumn('trigger', 'text', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('started_at', 'text')
    .addColumn('finished_at', 'text')
    .addColumn('worker', 'text')
    .addColumn('lease_until', 'text')
    .addColumn('cancel_requested', 'integer', (column) => column.notNull())
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('resumes', 'text')
    .execute()
  // The rule "one writer per database" is the database's to keep: no process can get around it.
  await database.schema
    .createIndex('jobs_one_writer')
    .unique()
    .on('jobs')
    .column('writer')
    .where(sql.ref('status'), '=', sql.lit('running'))
    .execute()
  await database.schema.createIndex('jobs_status').on('jobs').columns(['status', 'position', 'created_at']).execute()
  await database.schema.createIndex('jobs_subject').on('jobs').column('subject_id').execute()
  await database.schema
    .createTable('job_logs')
    .addColumn('job_id', 'text', (column) => column.notNull())
    .addColumn('seq', 'integer', (column) => column.notNull())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('level', 'text', (column) => column.notNull())
    .addColumn('message', 'text', (column) => column.notNull())
    .addColumn('detail', 'text')
    .addPrimaryKeyConstraint('job_logs_key', ['job_id', 'seq'])
    .execute()
  await database.schema
    .createTable('restores')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('backup_id', 'text', (column) => column.notNull())
    .addColumn('database', 'text', (column) => column.notNull())
    .addColumn('strategy', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('verdict', 'text')
    .addColumn('safety_backup_id', 'text')
    .addColumn('kept_database', 'text')
    .addColumn('undo_until', 'text')
    .addColumn('started_at', 'text', (column) => column.notNull())
    .addColumn('finished_at', 'text')
    .addColumn('rows', 'double precision')
    .addColumn('error', 'text')
    .addColumn('job_id', 'text')
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('plan', 'text')
    .execute()
  await database.schema
    .createTable('configuration')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .addColumn('changed_by', 'text', (column) => column.notNull())
    .addColumn('changed_at', 'text', (column) => column.notNull())
    .execute()
  await database.schema
    .createTable('audit_events')
    .addColumn('seq', 'integer', (column) => column.primaryKey())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('address', 'text')
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('subject', 'text')
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('detail', 'text', (column) => column.notNull())
    .execute()
  await database.schema
    .createTable('schedule_slots')
    .addColumn('schedule', 'text', (column) => column.notNull())
    .addColumn('slot', 'text', (column) => column.notNull())
    .addColumn('worker', 'text', (column) => column.notNull())
    .addColumn('fired_at', 'text', (column) => column.notNull())
    .addColumn('job_id', 'text')
    .addPrimaryKeyConstraint('schedule_slots_key', ['schedule', 'slot'])
    .execute()
  await database.schema
    .createTable('workers')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('host', 'text', (column) => column.notNull())
    .addColumn('pid', 'integer', (column) => column.notNull())
    .addColumn('roles', 'text', (column) => column.notNull())
    .addColumn('started_at', 'text', (column) => column.notNull())
    .addColumn('seen_at', 'text', (column) => column.notNull())
    .execute()
}

async function addFactsAndSchedules(database: Kysely<Tables>): Promise<void> {
  for (const name of ['swapped', 'undone'])
    await database.schema
      .alterTable('restores')
      .addColumn(name, 'integer', (column) => column.notNull().defaultTo(0))
      .execute()
  await database.schema
    .alterTable('restores')
    .addColumn('problems', 'text', (column) => column.notNull().defaultTo('[]'))
    .execute()
  await database.schema
    .createTable('schedules')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('database', 'text')
    .addColumn('cron', 'text', (column) => column.notNull())
    .addColumn('time_zone', 'text')
    .addColumn('jitter_minutes', 'integer', (column) => column.notNull())
    .addColumn('enabled', 'integer', (column) => column.notNull())
    .addColumn('input', 'text', (column) => column.notNull())
    .addColumn('changed_by', 'text', (column) => column.notNull())
    .addColumn('changed_at', 'text', (column) => column.notNull())
    .execute()
}

async function addRanOnRestored(database: Kysely<Tables>): Promise<void> {
  await database.schema
    .alterTable('restores')
    .addColumn('ran', 'text', (column) => column.notNull().defaultTo('{}'))
    .execute()
}

async function addNotifications(database: Kysely<Tables>): Promise<void> {
  await database.schema
    .createTable('notification_events')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .execute()
  await database.schema
    .createTable('deliveries')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('event_id', 'text', (column) => column.notNull())
    .addColumn('channel', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('next_at', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('ended_at', 'text')
    .addColumn('last_error', 'text')
    .addColumn('body_sha256', 'text')
    .execute()
  await database.schema.createIndex('deliveries_due').on('deliveries').columns(['status', 'next_at']).execute()
  await database.schema.createIndex('deliveries_event').on('deliveries').column('event_id').execute()
  await database.schema
    .createTable('conditions')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('since', 'text', (column) => column.notNull())
    .addColumn('count', 'integer', (column) => column.notNull())
    .addColumn('told_at', 'text', (column) => column.notNull())
    .addColumn('event', 'text', (column) => column.notNull())
    .execute()
  await database.schema
    .createTable('stream_positions')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('seq', 'integer', (column) => column.notNull())
    .execute()
}

async function addAuditSeals(database: Kysely<Tables>): Promise<void> {
  for (const name of ['chain', 'seal'])
    await database.schema.alterTable('audit_events').addColumn(name, 'text').execute()
  await database.schema
    .createTable('audit_anchors')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('chain', 'text', (column) => column.notNull())
    .addColumn('seq', 'integer', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('at', 'text', (column) => column.notNull())
    .execute()
}

async function addTryRequested(database: Kysely<Tables>): Promise<void> {
  await database.schema
    .alterTable('jobs')
    .addColumn('try_requested', 'integer', (column) => column.notNull().defaultTo(0))
    .execute()
}

async function addApprovals(database: Kysely<Tables>): Promise<void> {
  await database.schema
    .createTable('approvals')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('subject', 'text')
    .addColumn('ask_hash', 'text', (column) => column.notNull())
    .addColumn('plan_hash', 'text', (column) => column.notNull())
    .addColumn('policy_hash', 'text', (column) => column.notNull())
    .addColumn('asked', 'text', (column) => column.notNull())
    .addColumn('requested_by', 'text', (column) => column.notNull())
    .addColumn('requested_at', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'text', (column) => column.notNull())
    .addColumn('glass', 'text')
    .addColumn('ended_at', 'text')
    .addColumn('ended_by', 'text')
    .addColumn('ended_reason', 'text')
    .addColumn('use_id', 'text')
    .execute()
  // Two processes that are asked for the same make one request.
  await database.schema
    .createIndex('approvals_one_open')
    .unique()
    .on('approvals')
    .columns(['ask_hash', 'plan_hash'])
    .where(sql.ref('status'), '=', sql.lit('open'))
    .execute()
  await database.schema.createIndex('approvals_status').on('approvals').columns(['status', 'requested_at']).execute()
  // A person votes once.
  await database.schema
    .createTable('approval_votes')
    .addColumn('approval_id', 'text', (column) => column.notNull())
    .addColumn('person', 'text', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('comment', 'text')
    .addPrimaryKeyConstraint('approval_votes_key', ['approval_id', 'person'])
    .execute()
}
