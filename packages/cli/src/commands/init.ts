import { basename } from 'node:path'
import { EngineError } from '@lifeboat/core'
import type { CommandDefinition } from '../command-definition.ts'
import { findConfig } from '../config-file.ts'
import { type MountLines, mountLines } from '../host-framework.ts'
import { findMigrationTools, type MigrationTool } from '../migration-tool.ts'
import { writeConfigFile } from '../new-config-file.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { writeResult } from '../output/result.ts'
import { formatFields } from '../output/table.ts'

interface InitFlags extends CommonOptions {
  writeConfig?: boolean
  ifMissing?: boolean
  media?: string[]
}

export const initCommand: CommandDefinition = {
  name: 'init',
  description: 'Create a repository: the place where backups are kept.',
  examples: [
    'lifeboat init --repository ./backups',
    'lifeboat init --repository ./backups --write-config --media ./uploads',
    'lifeboat init --repository /srv/backups --passphrase-file /etc/lifeboat/passphrase',
    'lifeboat init --repository ./backups --encryption none',
  ],
  configure(command, signal) {
    command
      .option('--write-config', 'also write lifeboat.config.ts or .mts here, and show how to mount the API')
      .option('--if-missing', 'use the repository that is there, if there is one')
      .option('--media <folders...>', 'media folders for the configuration file')
      .action(async (options: InitFlags) => {
        const there = findConfig()
        if (options.writeConfig && there)
          throw new EngineError('USAGE', `There is a ${basename(there)} already.`, {
            advice: 'Leave out --write-config.',
          })
        await withSession(options, { signal, key: 'create' }, async ({ engine, running, finish }) => {
          const repository = await engine.repository.init({ ...running, ifMissing: options.ifMissing })
          await finish()
          const { encryption } = repository
          const location = options.repository ?? repository.location
          const tools = options.writeConfig ? await findMigrationTools('.') : []
          const config = options.writeConfig
            ? await writeConfigFile('.', { repository: location, encryption, media: options.media ?? [], tools })
            : null
          const mount = options.writeConfig ? await mountLines('.', basename(config ?? '')) : null
          const protection = encryption === 'none' ? 'none: the key lies beside the data' : 'AES-256-GCM'
          const keep =
            encryption === 'none'
              ? ''
              : '\n\nKeep the passphrase or key in a second place. Without it no one can read these backups, and no one can help.'
          const next = config
            ? `Written: ${config}\n${tools.map(describeTool).join('')}Next: lifeboat backup${mount ? `\n\n${describeMount(mount)}` : ''}`
            : `Next: lifeboat backup --repository ${repository.location} --database-url postgresql://…`
          writeResult(
            options,
            { repository, config, mount, tools },
            `${repository.created ? 'Repository created.' : 'The repository is there already.'}\n\n${formatFields([
              ['location', repository.location],
              ['id', repository.id],
              ['encryption', protection],
            ])}${keep}\n\n${next}`,
          )
        })
      })
  },
}

function describeTool({ tool, because, folder, inspector }: MigrationTool): string {
  return folder === null
    ? `Found: ${tool} (${because}). Its line in the configuration is a comment: complete it, see docs/migrations.md.\n`
    : `Found: ${tool} (${because}${because === folder ? '' : `, ${folder}`}): ${inspector}. Prove it: lifeboat migrations check\n`
}

function describeMount({ framework, packages, lines }: MountLines): string {
  const code = lines.map((line) => (line === '' ? '' : `  ${line}`)).join('\n')
  return `To mount the API in ${framework}:\n\n  npm install ${packages.join(' ')}\n\n${code}`
}
