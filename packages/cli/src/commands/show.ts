import type { BackupDetails } from '@lifeboat/core'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatBytes, formatCount, formatDuration, formatTime } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatFields, formatTable } from '../output/table.ts'

export const showCommand: CommandDefinition = {
  name: 'show',
  description: 'Show one backup: what it holds, what it cost, table by table.',
  examples: ['lifeboat show latest', 'lifeboat show 12 --json'],
  configure(command, signal) {
    command
      .argument('<backup>', 'number, id, its first characters, or "latest"')
      .action(async (reference: string, options: CommonOptions) => {
        await withSession(options, { signal }, async ({ engine, database, running, finish }) => {
          const backup = await engine.backups.details(reference, { ...running, database })
          await finish()
          writeResult(options, { backup }, describe(backup))
        })
      })
  },
}

/** What it was compared with, or why with nothing. */
function typeOf({ type, base, change }: BackupDetails): string {
  if (!change) return type
  return base ? `${type}, ${change.reason}; restores without it` : `${type} (${change.reason})`
}

/** What was read out, and whether unchanged rows were looked at again. */
function readOf({ change, bytes_read, logical_bytes, media_size }: BackupDetails): string {
  if (!change) return 'not recorded'
  const { segments, segments_read, segments_sampled, large_objects } = change
  return [
    `${formatBytes(bytes_read ?? 0)} of ${formatBytes(logical_bytes)}`,
    `${formatCount(segments_read)} of ${formatCount(segments)} segments${media_size > 0 ? ', and the media' : ''}`,
    ...(segments_sampled > 0 ? [`${formatCount(segments_sampled)} of them unchanged, as a check`] : []),
    ...(large_objects.kind === 'unchanged' ? [] : [`large objects: ${large_objects.reason}`]),
  ].join('; ')
}

function tookOf({ created_at, completed_at }: BackupDetails): string {
  return formatDuration(Date.parse(completed_at) - Date.parse(created_at))
}

function describe(backup: BackupDetails): string {
  const migrations = Object.entries(backup.migration_state).map(
    ([ledger, ids]) => `${ledger}: ${ids.length} applied${ids.length ? `, last ${ids.at(-1)}` : ''}`,
  )
  const excluded = [
    ...backup.catalog_schemas.map((name) => `${name} (the catalog)`),
    ...backup.exclusions.schemas,
    ...backup.exclusions.tables,
    ...backup.exclusions.rows.map((name) => `${name} (rows only)`),
  ]
  const fields: [string, string][] = [
    ['backup', `${backup.number} (${backup.id})`],
    ['name', backup.name],
    ...(backup.description ? ([['description', backup.description]] as [string, string][]) : []),
    ['type', typeOf(backup)],
    ['made', `${formatTime(backup.created_at)} by ${backup.created_by} (${backup.trigger}), in ${tookOf(backup)}`],
    ['holds', formatBytes(backup.logical_bytes)],
    ['read', readOf(backup)],
    ['stored', `${formatBytes(backup.stored_bytes)} new in the repository`],
    ['database', `${backup.database}, ${formatBytes(backup.database_size)}, PostgreSQL ${backup.postgres_version}`],
    ['application', [backup.app_name, backup.app_version].filter(Boolean).join(' ')],
    ['migrations', migrations.join('; ') || 'none recorded'],
    ['rows', `${formatCount(backup.row_count)} in ${formatCount(backup.table_count)} tables`],
    ['large objects', formatCount(backup.large_object_count)],
    [
      'media',
      backup.media
        .map(({ name, files, bytes }) => `${name}: ${formatCount(files)} files, ${formatBytes(bytes)}`)
        .join('; ') || 'not included',
    ],
    ['left out', excluded.join(', ') || 'nothing'],
    [
      'tags',
      Object.entries(backup.tags)
        .map(([key, value]) => `${key}=${value}`)
        .join(' ') || 'none',
    ],
    [
      'verified',
      backup.last_verified
        ? `${backup.last_verified.level} at ${formatTime(backup.last_verified.at)}: ${backup.last_verified.ok ? 'good' : 'BAD'}`
        : 'not yet',
    ],
    ['checksum', backup.checksum],
  ]
  const tables = formatTable(
    [{ title: 'table' }, { title: 'rows', align: 'right' }, { title: 'bytes', align: 'right' }, { title: 'how' }],
    backup.tables.map(({ table, rows, bytes, change }) => [
      table,
      formatCount(rows),
      formatBytes(bytes),
      // Of a full backup the field above says why.
      !change || change.reason.startsWith('full:') ? 'read' : change.reason,
    ]),
  )
  const problems = backup.media.flatMap(({ name, problems }) =>
    problems.map(({ path, problem }) => `! media ${name}: ${path} ${problem}`),
  )
  return [formatFields(fields), '', tables, ...problems].join('\n')
}
