import { type CommonOptions, withSession } from '../options.ts'
import { writeResult } from '../output/result.ts'
import { formatFields } from '../output/table.ts'
import type { CommandDefinition } from '../program.ts'

export const initCommand: CommandDefinition = {
  name: 'init',
  description: 'Create a repository: the place where backups are kept.',
  examples: [
    'lifeboat init --repository ./backups',
    'lifeboat init --repository /srv/backups --passphrase-file /etc/lifeboat/passphrase',
    'lifeboat init --repository ./backups --encryption none',
  ],
  configure(command, signal) {
    command.action(async (options: CommonOptions) => {
      await withSession(options, { signal, key: 'create' }, async ({ engine, finish }) => {
        const repository = await engine.repository.init()
        await finish()
        const protection = repository.encryption === 'none' ? 'none: the key lies beside the data' : 'AES-256-GCM'
        const keep =
          repository.encryption === 'none'
            ? ''
            : '\n\nKeep the passphrase or key in a second place. Without it nobody can read these backups, we neither.'
        writeResult(
          options,
          { repository },
          `Repository created.\n\n${formatFields([
            ['location', repository.location],
            ['id', repository.id],
            ['encryption', protection],
          ])}${keep}\n\nNext: lifeboat backup --repository ${repository.location} --database-url postgresql://…`,
        )
      })
    })
  },
}
