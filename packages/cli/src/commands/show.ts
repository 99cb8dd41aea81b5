import type { BackupDetails } from '@lifeboat/core'
import type { BackupRow } from '@lifeboat/core/http'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { describeStoredSteps } from '../output/down-steps.ts'
import { formatBytes, formatCount, formatCounted, formatDuration, formatTime } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatFields, formatTable } from '../output/table.ts'
import { findingLines } from './import.ts'

export const showCommand: CommandDefinition = {
  name: 'show',
  description: 'Show one backup: what it holds, what it cost, table by table.',
  examples: ['lifeboat show latest', 'lifeboat show 12 --json'],
  configure(command, signal) {
    command
      .argument('<backup>', 'number, id, its first characters, or "latest"')
      .action(async (reference: string, options: CommonOptions) => {
        await withSession(options, { signal }, async ({ engine, database, running, finish }) => {
          const backup = await engine.backups.get(reference, { ...running, database })
          await finish()
          writeResult(
            options,
            { backup },
            backup.status === 'completed' ? describe(backup) : describeUnfinished(backup),
          )
        })
      })
  },
}

/** What it was compared with, or why with nothing. */
function typeOf({ type, base, change }: BackupDetails): string {
  if (!change) return type
  return base ? `${type}, ${change.reason}; restores without it` : `${type} (${change.reason})`
}

/** What shows that the rows taken over are unchanged, or why more had to be asked. */
function proofOf({ base, change }: BackupDetails): [string, string][] {
  if (!base || !change?.proof) return []
  const { proof, not_idle } = change
  return [['compared', proof === 'idle' ? 'no transaction has ended since' : `by a scan of the tables: ${not_idle}`]]
}

/** What was read out, and whether unchanged rows were looked at again. */
function readOf({ change, bytes_read, logical_bytes, media_size }: BackupDetails): string {
  if (!change) return 'not recorded'
  const { segments, segments_read, segments_sampled, large_objects } = change
  return [
    `${formatBytes(bytes_read ?? 0)} of ${formatBytes(logical_bytes)}`,
    `${formatCount(segments_read)} of ${formatCounted(segments, 'segment')}${media_size > 0 ? ', and the media' : ''}`,
    ...(segments_sampled > 0 ? [`${formatCount(segments_sampled)} of them unchanged, as a check`] : []),
    ...(large_objects.kind === 'unchanged' ? [] : [`large objects: ${large_objects.reason}`]),
  ].join('; ')
}

function tookOf({ created_at, completed_at }: BackupDetails): string {
  return formatDuration(Date.parse(completed_at) - Date.parse(created_at))
}

/** What the backup should hold of the media and does not; then what changed under it, and what no backup holds. */
function lossesOf({ media }: BackupDetails): [string, string][] {
  const told = (label: string, count: (folder: BackupDetails['media'][number]) => number, kinds: readonly string[]) => {
    const sum = media.reduce((total, folder) => total + count(folder), 0)
    const paths = media.flatMap(({ name, problems }) =>
      problems.filter(({ problem }) => kinds.includes(problem)).map(({ path }) => `${name}/${path}`),
    )
    const more = sum > 10 ? `, and ${formatCount(sum - 10)} more` : ''
    return sum === 0
      ? []
      : [[label, `${formatCount(sum)}: ${paths.slice(0, 10).join(', ')}${more}`] as [string, string]]
  }
  return [
    ...told('lost files', ({ lost }) => lost, ['unreadable', 'vanished']),
    ...told('changed files', ({ changed }) => changed, ['changed']),
    ...told('links and special files', ({ skipped }) => skipped, ['skipped']),
  ]
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
    ...proofOf(backup),
    ['stored', `${formatBytes(backup.stored_bytes)} new in the repository`],
    ['database', `${backup.database}, ${formatBytes(backup.database_size)}, PostgreSQL ${backup.postgres_version}`],
    ['application', [backup.app_name, backup.app_version].filter(Boolean).join(' ')],
    ['migrations', migrations.join('; ') || 'none recorded'],
    ['rows', `${formatCount(backup.row_count)} in ${formatCounted(backup.table_count, 'table')}`],
    ['large objects', formatCount(backup.large_object_count)],
    [
      'media',
      backup.media
        .map(({ name, files, bytes }) => `${name}: ${formatCounted(files, 'file')}, ${formatBytes(bytes)}`)
        .join('; ') || 'not included',
    ],
    ...lossesOf(backup),
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
        ? `${backup.last_verified.level} at ${formatTime(backup.last_verified.at)}: ${backup.last_verified.ok ? 'good' : `BAD: ${backup.last_verified.problem ?? ''}`}`
        : 'not yet',
    ],
    ...(backup.not_verified
      ? [
          ['last verification', `${backup.not_verified.level} could not find out: ${backup.not_verified.reason}`] as [
            string,
            string,
          ],
        ]
      : []),
    ...quarantineOf(backup),
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
  const findings = backup.quarantine ? ['', ...findingLines(backup.findings)] : []
  return [formatFields(fields), '', tables, ...problems, ...findings, ...describeStoredSteps(backup.down_steps)].join(
    '\n',
  )
}

/** Where it is from, and whether it may be restored. */
function quarantineOf({ quarantine }: BackupDetails): [string, string][] {
  if (!quarantine) return []
  const { file_sha256, file_bytes, trusted } = quarantine
  return [
    ['imported', `a file of ${formatBytes(file_bytes)}, sha256 ${file_sha256}`],
    [
      'quarantine',
      trusted
        ? `trusted by ${trusted.by} at ${formatTime(trusted.at)}: ${trusted.reason}`
        : 'nothing of it may be run: see below, then `lifeboat trust`',
    ],
  ]
}

function describeUnfinished({ id, number, name, status, created_at, created_by, error }: BackupRow): string {
  return formatFields([
    ['backup', `${number ?? '-'} (${id})`],
    ['name', name ?? ''],
    ['status', status],
    ['asked for', `${created_at ? formatTime(created_at) : '-'} by ${created_by ?? '-'}`],
    ...(error ? ([['error', `${error.detail} (${error.code})`]] as [string, string][]) : []),
  ])
}
