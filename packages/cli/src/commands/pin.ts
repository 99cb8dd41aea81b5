import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { writeResult } from '../output/result.ts'

export const pinCommand = pinning('pin', 'Keep a backup: retention and delete leave it alone.', true)
export const unpinCommand = pinning('unpin', 'Let retention and delete have a pinned backup again.', false)

function pinning(name: string, description: string, pinned: boolean): CommandDefinition {
  return {
    name,
    description,
    examples: [`lifeboat ${name} 12`],
    own: ['pinned'],
    configure(command, signal) {
      command
        .argument('<backup>', 'number, id, its first characters, or "latest"')
        .action(async (reference: string, options: CommonOptions) => {
          await withSession(options, { signal }, async ({ engine, database, running, finish }) => {
            const backup = await engine.backups.pin(reference, { ...running, database, pinned })
            await finish()
            writeResult(options, { backup }, `Backup ${backup.number} is ${pinned ? 'pinned' : 'not pinned'} now.`)
          })
        })
    },
  }
}
