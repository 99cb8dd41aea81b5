import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { describeDrill } from '../output/drill.ts'
import { writeResult } from '../output/result.ts'

interface DrillFlags extends CommonOptions {
  rotate?: boolean
  fromCopy?: string
  recoveryKey?: boolean
}

export const drillCommand: CommandDefinition = {
  name: 'drill',
  description:
    'Restore a backup on the side as in need, migrate and check it, measure how long that takes, and drop it.',
  examples: [
    'lifeboat drill',
    'lifeboat drill 12',
    'lifeboat drill --rotate --json',
    'lifeboat drill --from-copy elsewhere --recovery-key',
  ],
  action: 'drills.run',
  configure(command, signal) {
    command
      .argument('[backup]', 'number, id, its first characters, or "latest"', 'latest')
      .action(async (backup: string, flags: DrillFlags) => {
        await withSession(flags, { signal }, async ({ engine, database, running, finish }) => {
          const { rotate, fromCopy, recoveryKey } = flags
          const drill = await engine.drills.run(backup, { database, rotate, fromCopy, recoveryKey, ...running })
          await finish()
          if (drill.verdict !== 'good') process.exitCode = 1
          writeResult(flags, { drill }, describeDrill(drill))
        })
      })
  },
}
