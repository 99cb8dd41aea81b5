import { insideOf } from '@lifeboat/core/actions'
import { commandCaller } from '../caller.ts'
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
          const input = { restore: reference, ...(database === undefined ? {} : { database }) }
          const { hash, document } = await insideOf(engine).plan('restores.undo', input, {
            caller: commandCaller({}),
            ...running,
          })
          const kept = document as { restore: string; database: string; kept_database: string; media: string[] }
          await askConfirmation(
            `Swap "${kept.kept_database}" back in place of "${kept.database}"${kept.media.length > 0 ? ', and its media folders' : ''}?`,
            options.yes === true,
          )
          const result = await engine.restores.undo(kept.restore, { ...running, database, confirm: hash })
          await finish()
          writeResult(
            options,
            { undo: result },
            [
              `"${result.database}" is again what was kept as "${kept.kept_database}".${result.kept_database ? ` What it was until now is kept as "${result.kept_database}".` : ''}`,
              ...result.media.map(({ folder }) => `Media folder ${folder} is as it was.`),
              ...result.problems.map(({ text, advice }) => `${text}\n  ${advice}`),
            ].join('\n'),
          )
          if (result.problems.length > 0) process.exitCode = 1
        })
      })
  },
}
