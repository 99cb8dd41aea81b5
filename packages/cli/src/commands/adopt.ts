import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatCounted } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

export const adoptCommand: CommandDefinition = {
  name: 'adopt',
  description: 'Take what a repository and its server hold into a new or lost catalog.',
  examples: [
    'lifeboat adopt',
    'lifeboat adopt s3://bucket/app?region=eu-west-1 --passphrase-file passphrase.txt',
    'lifeboat adopt --catalog ./new-catalog.sqlite',
  ],
  configure(command, signal) {
    command.argument('[repository]', 'path or URL; the same as --repository')
    command.action(async (location: string | undefined, given: CommonOptions) => {
      const options = location === undefined ? given : { ...given, repository: location }
      await withSession(options, { signal }, async ({ engine, finish }) => {
        const adopted = await engine.adopt()
        await finish()
        const { backups, damaged, ambiguous_numbers: numbers, restores_added: restores } = adopted
        writeResult(
          options,
          { adopted },
          [
            `${formatCounted(backups, 'backup')} in the repository; ${formatCounted(restores.length, 'restore')} that can be undone added.`,
            ...(damaged.length
              ? [`! ${formatCounted(damaged.length, 'manifest')} cannot be read: ${damaged.join(', ')}`]
              : []),
            ...(numbers.length ? [`! Several backups have these numbers; use their ids: ${numbers.join(', ')}`] : []),
          ].join('\n'),
        )
      })
    })
  },
}
