import { toWire } from '@lifeboat/core/actions'
import { formatRehearsal, formatRehearsalMarkdown } from '@lifeboat/core/migrations'
import { inputFrom } from '../action-options.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { plainText } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

interface RehearseFlags extends CommonOptions {
  markdown?: boolean
}

export const rehearseCommand: CommandDefinition = {
  name: 'rehearse',
  description:
    'Try the pending migrations on a restored copy: what they block, for how long, and what to write instead.',
  examples: [
    'lifeboat rehearse',
    'lifeboat rehearse 12 --round-trip --max-blocked-reads 200',
    'lifeboat rehearse latest --migrations-from ../pull-request/migrations --markdown',
  ],
  action: 'migrations.rehearse',
  configure(command, signal, action) {
    command
      .argument('[backup]', 'number, id, its first characters, or "latest"', 'latest')
      .option('--markdown', 'print the report as Markdown, for a comment on a pull request')
      .action(async (backup: string, flags: RehearseFlags) => {
        await withSession(flags, { signal }, async ({ engine, database, running, finish }) => {
          const input = action ? inputFrom(action, flags) : {}
          const rehearsal = await engine.migrations.rehearse(backup, { ...input, database, ...running })
          await finish()
          if (!rehearsal.ok) process.exitCode = 1
          if (flags.markdown && !flags.json) {
            process.stdout.write(`${formatRehearsalMarkdown(rehearsal).split('\n').map(plainText).join('\n')}\n`)
            return
          }
          const document = { rehearsal: action ? toWire(action.result, rehearsal) : rehearsal }
          writeResult(flags, document, formatRehearsal(rehearsal))
        })
      })
  },
}
