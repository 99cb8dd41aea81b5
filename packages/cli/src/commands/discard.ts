import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { writeResult } from '../output/result.ts'
import { askTyped } from '../prompts.ts'

export const discardCommand: CommandDefinition = {
  name: 'discard',
  description: 'Drop the database a restore replaced. After this there is no undo.',
  examples: ['lifeboat discard r3fk2', 'lifeboat discard latest --yes'],
  configure(command, signal) {
    command
      .argument('<restore>', 'id of the restore, its first characters, or "latest"')
      .action(async (reference: string, options: CommonOptions) => {
        await withSession(options, { signal }, async ({ engine, database, running, finish }) => {
          const kept = await engine.restores.findKept(reference, { database })
          await askTyped(
            `This drops the database "${kept.kept_database}" for good.`,
            kept.kept_database,
            options.yes === true,
          )
          await engine.restores.discard(kept.restore_id, { ...running, database })
          await finish()
          writeResult(options, { discarded: kept }, `"${kept.kept_database}" is dropped.`)
        })
      })
  },
}
