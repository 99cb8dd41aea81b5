import type { AnyAction } from '@lifeboat/core/actions'
import { runConfirmed } from '../action-command.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatTime } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

export const deleteCommand: CommandDefinition = {
  name: 'delete',
  description: 'Delete a backup. Space comes back with the next prune.',
  examples: ['lifeboat delete 12', 'lifeboat delete b7k2 --yes'],
  action: 'backups.delete',
  configure(command, signal, action) {
    command
      .argument('<backup>', 'number, id or its first characters')
      .action(async (reference: string, options: CommonOptions & { force?: boolean }) => {
        await withSession(options, { signal }, async ({ engine, database, running, finish }) => {
          const input = { backup: reference, database, force: options.force === true }
          const deleted = (await runConfirmed({ engine, running }, action as AnyAction, input, {
            yes: options.yes === true,
            question: (plan) => questionOf((plan as { backup: DeletedBackup }).backup),
          })) as DeletedBackup
          await finish()
          writeResult(
            options,
            { deleted: deleted.id },
            `Backup ${deleted.number ?? deleted.id} is deleted. Free its space with: lifeboat prune`,
          )
        })
      })
  },
}

interface DeletedBackup {
  id: string
  number: number | null
  status: string
  created_at: string | null
}

function questionOf({ id, number, status, created_at: made }: DeletedBackup): string {
  const what = status === 'completed' ? `backup ${number}` : `the history of the ${status} backup ${number ?? id}`
  return `Delete ${what}${made ? `, made ${formatTime(made)}` : ''}?`
}
