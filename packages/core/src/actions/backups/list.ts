import { z } from 'zod'
import { backupSchema, damagedSchema, unreadableSchema } from '../../catalog/records.ts'
import { listBackups as readBackups } from '../../engine/background/backup-history.ts'
import { type BackupRow, isCompleted } from '../../engine/background/backup-rows.ts'
import { sortAndSearch } from '../../policy/listing.ts'
import { action } from '../action.ts'
import { databaseLabel, searched } from '../inputs.ts'

const sortable = [
  ...(['number', 'id', 'status', 'type', 'name', 'trigger', 'created_by', 'created_at', 'completed_at'] as const),
  ...(['database', 'database_size', 'media_size', 'logical_bytes', 'stored_bytes'] as const),
] as const
const searchable = ['id', 'number', 'name', 'description', 'created_by', 'app_version', 'database', 'tags'] as const

const csvColumns: readonly string[] = [
  ...['number', 'id', 'status', 'type', 'name', 'description', 'trigger', 'created_by', 'created_at'],
  ...['completed_at', 'database', 'app_version', 'postgres_version', 'include_media', 'media_only', 'media_size'],
  ...['logical_bytes', 'stored_bytes', 'checksum', 'tags', 'pinned', 'last_verified'],
]

const input = z.strictObject({
  database: databaseLabel,
  status: z
    .array(z.enum(['pending', 'running', 'completed', 'failed', 'cancelled', 'interrupted']))
    .optional()
    .describe('Only these; several separated by commas.'),
  type: z
    .array(z.enum(['full', 'incremental', 'differential']))
    .optional()
    .describe('Only these.'),
  trigger: z.string().max(100).optional().describe('manual, schedule, api or pre_restore.'),
  createdBy: z.string().max(200).optional().describe('Who asked for it.'),
  includeMedia: z.boolean().optional().describe('With, or without, media.'),
  pinned: z.boolean().optional().describe('Only pinned, or only unpinned ones.'),
  forecast: z.boolean().optional().describe('Also whether the running code could restore each.'),
  tag: z.string().max(200).optional().describe('NAME or NAME=VALUE.'),
  createdAfter: z.iso.datetime({ offset: true }).optional().describe('Made at this time or later.'),
  createdBefore: z.iso.datetime({ offset: true }).optional().describe('Made before this time.'),
  fields: z.array(z.string().max(100)).optional().describe('Only these of each backup; id always.'),
  ...searched,
  page: searched.page.unwrap().optional().describe('Number of the page; default: everything on one.'),
})

export interface BackupList {
  /** Completed ones, newest first: only these restore. */
  backups: Extract<BackupRow, { status: 'completed' }>[]
  /** Those that wait, run, or have failed. */
  unfinished: Exclude<BackupRow, { status: 'completed' }>[]
  /** Both in one list, in the order that was asked for. */
  rows: BackupRow[]
  /** How many match, on all pages. */
  count: number
  /** Manifests that are there but cannot be read or opened: never silently left out. */
  damaged: { id: string; code: string; message: string }[]
  /** Pins, annotations and verification records that cannot be read; they keep nothing from going on. */
  unreadable: { object: string; code: string; message: string }[]
}

const notRead = { damaged: z.array(damagedSchema), unreadable: z.array(unreadableSchema) }

export const listBackups = action({
  name: 'backups.list',
  summary: 'Lists backups of every status, newest first.',
  permission: 'backups:read',
  kind: 'read',
  input,
  result: z.object({
    backups: z.array(backupSchema),
    unfinished: z.array(backupSchema),
    rows: z.array(backupSchema),
    count: z.int(),
    ...notRead,
  }),
  http: {
    method: 'GET',
    path: 'backups',
    list: {
      item: backupSchema,
      extra: z.object(notRead),
      csv: {
        fileName: 'backups.csv',
        columns: csvColumns,
      },
    },
  },
  command: {
    name: 'list',
    examples: ['lifeboat list', 'lifeboat list --status completed --tag release=2.0', 'lifeboat list --json'],
  },
  page: 'backups',
  async run(context, asked): Promise<BackupList> {
    const { database, forecast } = asked
    const { rows: all, ...unread } = await readBackups(context, { database, forecast, signal: context.signal })
    const found = sortAndSearch(
      all.filter((row) => matches(row, asked)),
      asked,
      { searchable, sortable },
    )
    const { page, pageSize } = asked
    const own = page === undefined ? found : found.slice((page - 1) * pageSize, page * pageSize)
    const rows = own.map((row) => only(row, asked.fields))
    return {
      rows,
      backups: rows.filter((_, index) => isCompleted(own[index] as BackupRow)) as BackupList['backups'],
      unfinished: rows.filter((_, index) => !isCompleted(own[index] as BackupRow)) as BackupList['unfinished'],
      count: found.length,
      ...unread,
    }
  },
})

function matches(row: BackupRow, asked: z.output<typeof input>): boolean {
  const [tag, value] = asked.tag?.split(/=(.*)/s) ?? []
  const created = Date.parse(row.created_at ?? '')
  return (
    (!asked.status || asked.status.includes(row.status)) &&
    (!asked.type || asked.type.some((type) => type === row.type)) &&
    (asked.trigger === undefined || row.trigger === asked.trigger) &&
    (asked.createdBy === undefined || row.created_by === asked.createdBy) &&
    (asked.includeMedia === undefined || row.include_media === asked.includeMedia) &&
    (asked.pinned === undefined || row.pinned === asked.pinned) &&
    (tag === undefined || hasTag(row.tags, tag, value)) &&
    (asked.createdAfter === undefined || created >= Date.parse(asked.createdAfter)) &&
    (asked.createdBefore === undefined || created < Date.parse(asked.createdBefore))
  )
}

/** Packages and migrations are most of a backup's record, and nothing to a list that does not show them. */
function only<Row extends object>(row: Row, fields: readonly string[] | undefined): Row {
  if (fields === undefined) return row
  const wanted = new Set(['id', ...fields])
  return Object.fromEntries(Object.entries(row).filter(([name]) => wanted.has(name))) as Row
}

function hasTag(tags: Record<string, string> | null, name: string, value: string | undefined): boolean {
  if (tags === null || !Object.hasOwn(tags, name)) return false
  return value === undefined || tags[name] === value
}
