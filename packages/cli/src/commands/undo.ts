import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { writeResult } from '../output/result.ts'
import { askConfirmation } from '../prompts.ts'

export const undoCommand: CommandDefinition = {
  name: 'undo',
  description: 'Swap the database a restore replaced back in. The restored one is kept in its turn.',
  examples: ['lifeboat undo r3fk2', 'lifeboat undo latest --yes'],
  configure(command, signal) {
    command
      .argument('<restore>', 'id of the restore, its first characters, or "latest"')
      .action(async (reference: string, options: CommonOptions) => {
        await withSession(options, { signal }, async ({ engine, database, running, finish }) => {
          const kept = await engine.restores.findKept(reference, { database })
          await askConfirmation(
            `Swap "${kept.kept_database}" back in place of "${kept.database}"?`,
            options.yes === true,
          )
          const result = await engine.restores.undo(kept.restore_id, { ...running, database })
          await finish()
          writeResult(
            options,
            { undo: result },
            `"${result.database}" is again what was kept as "${kept.kept_database}".${result.kept_database ? ` What it was until now is kept as "${result.kept_database}".` : ''}`,
          )
        })
      })
  },
}
