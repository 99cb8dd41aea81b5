import type { AnyAction } from '@lifeboat/core/actions'
import type { BackupRow } from '@lifeboat/core/http'
import { inputFrom } from '../action-options.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatBytes, formatCount, formatCounted, formatDuration, formatMinute } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatTable } from '../output/table.ts'

export const listCommand: CommandDefinition = {
  name: 'list',
  description: 'List the backups, newest first.',
  examples: ['lifeboat list', 'lifeboat list --json | jq -r ".backups[0].id"'],
  action: 'backups.list',
  // It is always told.
  own: ['forecast'],
  configure(command, signal, action) {
    command.action(async (options: CommonOptions) => {
      await withSession(options, { signal }, async ({ engine, database, running, finish }) => {
        const {
          rows: found,
          backups,
          unfinished,
          damaged,
          unreadable,
        } = await engine.backups.list({
          ...running,
          database,
          ...inputFrom(action as AnyAction, options),
          forecast: true,
        })
        await finish()
        const rows = found.map((backup) =>
          backup.status !== 'completed'
            ? unfinishedRow(backup)
            : [
                String(backup.number),
                backup.id,
                formatMinute(backup.created_at),
                formatDuration(Date.parse(backup.completed_at) - Date.parse(backup.created_at)),
                backup.database,
                backup.media_only ? 'media' : backup.type,
                backup.media_only ? '-' : formatCount(backup.row_count),
                formatBytes(backup.logical_bytes),
                backup.bytes_read === null ? '-' : formatBytes(backup.bytes_read),
                formatBytes(backup.stored_bytes),
                backup.last_verified
                  ? backup.last_verified.ok
                    ? backup.last_verified.level
                    : `BAD (${backup.last_verified.level})`
                  : backup.not_verified
                    ? `unknown (${backup.not_verified.level})`
                    : '-',
                [
                  backup.name,
                  backup.pinned && '(pinned)',
                  outlooks[backup.forecast?.outlook ?? 'unknown'],
                  backup.lost_files > 0 && `(lost ${formatCounted(backup.lost_files, 'file')})`,
                ]
                  .filter(Boolean)
                  .join(' '),
              ],
        )
        const isOneDatabase = new Set(found.map(({ database: name }) => name)).size <= 1
        const table = formatTable(
          [
            { title: '#', align: 'right' },
            // The number names a backup too.
            { title: 'id', spare: 0 },
            { title: 'made' },
            { title: 'took', align: 'right', spare: 3 },
            { title: 'database', ...(isOneDatabase ? { spare: 1 } : {}) },
            { title: 'type', spare: 5 },
            { title: 'rows', align: 'right', spare: 7 },
            { title: 'holds', align: 'right', spare: 4 },
            { title: 'read', align: 'right', spare: 2 },
            { title: 'stored', align: 'right', spare: 6 },
            { title: 'verified' },
            { title: 'name' },
          ],
          rows,
        )
        const bad = [
          ...damaged.map(({ id, code, message }) => `! ${id}: ${message} (${code})`),
          ...unreadable.map(({ object, code, message }) => `! ${object}: ${message} (${code})`),
        ]
        const text = found.length === 0 ? 'There are no backups yet. Make one with: lifeboat backup' : table
        writeResult(options, { backups, unfinished, damaged, unreadable }, [text, ...bad].join('\n'))
      })
    })
  },
}

/** How the running code could restore a backup, where not as it is. */
const outlooks = {
  'as-is': '',
  unknown: '',
  migrated: '(restorable by migrations)',
  carried: '(restorable by carried steps)',
  refused: '(not restorable by this code)',
} as const

/** One that waits, runs or has failed: there is nothing stored to tell sizes of. */
function unfinishedRow({ number, id, created_at: at, database, type, status, name }: BackupRow): string[] {
  return [
    ...[number === null ? '-' : String(number), id, at ? formatMinute(at) : '-', '-', database ?? '-', type ?? '-'],
    ...['-', '-', '-', '-', '-', `${name ?? ''} (${status})`],
  ]
}
