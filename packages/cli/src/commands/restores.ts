import type { AnyAction } from '@lifeboat/core/actions'
import { inputFrom } from '../action-options.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatMinute } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatTable } from '../output/table.ts'

export const restoresCommand: CommandDefinition = {
  name: 'restores',
  description: 'The history of restores, newest first, with what the server shows of each now.',
  examples: ['lifeboat restores', 'lifeboat restores --json | jq -r ".restores[0].kept_database"'],
  action: 'restores.list',
  configure(command, signal, action) {
    command.action(async (options: CommonOptions) => {
      await withSession(options, { signal }, async ({ engine, database, finish }) => {
        const { rows: restores } = await engine.restores.list({
          database,
          ...inputFrom(action as AnyAction, options),
        })
        await finish()
        const rows = restores.map((restore) => [
          restore.id,
          restore.backup_id,
          restore.database,
          restore.strategy,
          restore.status,
          formatMinute(restore.started_at),
          restore.created_by,
          restore.kept_database ?? '',
          restore.undo_until ? formatMinute(restore.undo_until) : '',
        ])
        const text = formatTable(
          [
            { title: 'id' },
            { title: 'backup', spare: 3 },
            { title: 'database', spare: 5 },
            { title: 'strategy', spare: 4 },
            { title: 'status' },
            { title: 'begun' },
            { title: 'by', spare: 2 },
            { title: 'before that', spare: 1 },
            { title: 'undo until', spare: 6 },
          ],
          rows,
        )
        writeResult(options, { restores }, rows.length === 0 ? 'Nothing was restored yet.' : text)
      })
    })
  },
}
