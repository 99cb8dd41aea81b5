import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatTime } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { askConfirmation } from '../prompts.ts'

export const deleteCommand: CommandDefinition = {
  name: 'delete',
  description: 'Delete a backup. Space comes back with the next prune.',
  examples: ['lifeboat delete 12', 'lifeboat delete b7k2 --yes'],
  configure(command, signal) {
    command
      .argument('<backup>', 'number, id or its first characters')
      .option('--force', 'also the last good backup of its database')
      .action(async (reference: string, options: CommonOptions & { force?: boolean }) => {
        await withSession(options, { signal }, async ({ engine, database, running, finish }) => {
          const backup = await engine.backups.get(reference, { ...running, database })
          await askConfirmation(
            `Delete backup ${backup.number} of "${backup.database}", made ${formatTime(backup.created_at)}?`,
            options.yes === true,
          )
          await engine.backups.delete(backup.id, { ...running, force: options.force })
          await finish()
          writeResult(
            options,
            { deleted: backup.id },
            `Backup ${backup.number} is deleted. Free its space with: lifeboat prune`,
          )
        })
      })
  },
}
