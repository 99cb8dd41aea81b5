import { insideOf } from '@lifeboat/core/actions'
import { commandCaller } from '../caller.ts'
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
          const input = { restore: reference, ...(database === undefined ? {} : { database }) }
          const { hash, document } = await insideOf(engine).plan('restores.discard', input, {
            caller: commandCaller({}),
            ...running,
          })
          const kept = document as { restore: string; database: string; kept_database: string }
          await askTyped(
            `This drops the database "${kept.kept_database}" and what is kept of its media folders for good.`,
            kept.kept_database,
            options.yes === true,
          )
          await engine.restores.discard(kept.restore, { ...running, database, confirm: hash })
          await finish()
          writeResult(options, { discarded: kept }, `"${kept.kept_database}" is dropped.`)
        })
      })
  },
}
