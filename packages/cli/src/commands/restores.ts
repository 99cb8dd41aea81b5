import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatTime } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatTable } from '../output/table.ts'

export const restoresCommand: CommandDefinition = {
  name: 'restores',
  description: 'The history of restores that ran as jobs, newest first.',
  examples: ['lifeboat restores', 'lifeboat restores --json | jq -r ".restores[0].kept_database"'],
  configure(command, signal) {
    command.action(async (options: CommonOptions) => {
      await withSession(options, { signal }, async ({ engine, database, finish }) => {
        const restores = await engine.operations.restores.list({ database })
        await finish()
        const rows = restores.map((restore) => [
          restore.id,
          restore.backup_id,
          restore.database,
          restore.strategy,
          restore.status,
          formatTime(restore.started_at),
          restore.created_by,
          restore.kept_database ?? '',
          restore.undo_until ? formatTime(restore.undo_until) : '',
        ])
        const text = formatTable(
          [
            ...[
              { title: 'id' },
              { title: 'backup' },
              { title: 'database' },
              { title: 'strategy' },
              { title: 'status' },
            ],
            ...[{ title: 'begun' }, { title: 'by' }, { title: 'before that' }, { title: 'undo until' }],
          ],
          rows,
        )
        writeResult(options, { restores }, rows.length === 0 ? 'Nothing was restored by a job yet.' : text)
      })
    })
  },
}
