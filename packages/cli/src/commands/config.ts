import { EngineError } from '@lifeboat/core'
import type { RunTimeConfigChange } from '@lifeboat/core/http'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { writeResult } from '../output/result.ts'
import { formatFields } from '../output/table.ts'

export const configCommand: CommandDefinition = {
  name: 'config',
  description: 'Show what can be changed at run time (schedule, retention, compression), or change it.',
  examples: [
    'lifeboat config',
    'lifeboat config auto_backup_enabled=true auto_backup_hour=3',
    'lifeboat config auto_backup_cron="30 2 * * 1-5" time_zone=Europe/Vienna',
    'lifeboat config max_backups=null',
  ],
  configure(command, signal) {
    command
      .argument('[name=value...]', 'what to change; "null" returns a value to the configuration in code')
      .action(async (changes: string[], options: CommonOptions) => {
        const patch = Object.fromEntries(changes.map(parseChange)) as RunTimeConfigChange
        await withSession(options, { signal }, async ({ engine, finish }) => {
          const config = changes.length === 0 ? await engine.config.read() : await engine.config.change(patch)
          await finish()
          const fields = Object.entries(config).map(([name, value]): [string, string] => [name, String(value)])
          writeResult(options, { config }, formatFields(fields))
        })
      })
  },
}

/** Numbers, true, false and null as such; everything else is text. */
function parseChange(text: string): [string, unknown] {
  const at = text.indexOf('=')
  if (at < 1)
    throw new EngineError('USAGE', `"${text}" is not of the form NAME=VALUE.`, { advice: 'Example: max_backups=20' })
  const [name, value] = [text.slice(0, at), text.slice(at + 1)]
  return [name, /^(true|false|null|-?\d+)$/.test(value) ? JSON.parse(value) : value]
}
