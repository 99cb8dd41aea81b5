import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatBytes, formatCount, formatDuration, formatTime } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatTable } from '../output/table.ts'

export const listCommand: CommandDefinition = {
  name: 'list',
  description: 'List the backups, newest first.',
  examples: ['lifeboat list', 'lifeboat list --json | jq -r ".backups[0].id"'],
  configure(command, signal) {
    command.action(async (options: CommonOptions) => {
      await withSession(options, { signal }, async ({ engine, database, running, finish }) => {
        const { backups, damaged } = await engine.backups.list({ ...running, database })
        await finish()
        const rows = backups.map((backup) => [
          String(backup.number),
          backup.id,
          formatTime(backup.created_at),
          formatDuration(Date.parse(backup.completed_at) - Date.parse(backup.created_at)),
          backup.database,
          backup.type,
          formatCount(backup.row_count),
          formatBytes(backup.logical_bytes),
          backup.bytes_read === null ? '-' : formatBytes(backup.bytes_read),
          formatBytes(backup.stored_bytes),
          backup.last_verified
            ? backup.last_verified.ok
              ? backup.last_verified.level
              : `BAD (${backup.last_verified.level})`
            : '-',
          backup.pinned ? `${backup.name} (pinned)` : backup.name,
        ])
        const table = formatTable(
          [
            { title: '#', align: 'right' },
            { title: 'id' },
            { title: 'made' },
            { title: 'took', align: 'right', spare: 2 },
            { title: 'database' },
            { title: 'type', spare: 5 },
            { title: 'rows', align: 'right', spare: 3 },
            { title: 'holds', align: 'right', spare: 6 },
            { title: 'read', align: 'right', spare: 1 },
            { title: 'stored', align: 'right', spare: 4 },
            { title: 'verified' },
            { title: 'name' },
          ],
          rows,
        )
        const bad = damaged.map(({ id, code, message }) => `! ${id}: ${message} (${code})`)
        const text = backups.length === 0 ? 'There are no backups yet. Make one with: lifeboat backup' : table
        writeResult(options, { backups, damaged }, [text, ...bad].join('\n'))
      })
    })
  },
}
