import { EngineError } from '@lifeboat/core'
import type { AnyAction } from '@lifeboat/core/actions'
import { inputFrom } from '../action-options.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatTime } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatFields } from '../output/table.ts'

export const scheduleCommand: CommandDefinition = {
  name: 'schedule',
  description: 'When automatic backups run next. Change it with: lifeboat config',
  examples: ['lifeboat schedule', 'lifeboat schedule --count 30 --json'],
  action: 'schedules.list',
  own: ['count'],
  configure(command, signal, action) {
    command
      .option('--count <count>', 'how many runs ahead', '5')
      .action(async (options: CommonOptions & { count: string }) => {
        const count = Number(options.count)
        if (!Number.isInteger(count) || count < 1 || count > 100)
          throw new EngineError('USAGE', '--count takes 1 to 100.')
        await withSession(options, { signal }, async ({ engine, database, finish }) => {
          const all = await engine.schedules.list({
            ...inputFrom(action as AnyAction, options, ['count']),
            count,
          })
          await finish()
          const schedule = all.filter(
            (one) => database === undefined || one.database === null || one.database === database,
          )
          const text = schedule.map((one) =>
            formatFields([
              ['schedule', one.name],
              ['database', one.database ?? 'the repository'],
              ['runs', one.enabled ? `${one.cron}  (${one.time_zone})` : 'off'],
              ['what', one.kind === 'backup' ? backupWords(one) : one.kind],
              ...one.next_runs.map((at, index): [string, string] => [index === 0 ? 'next' : '', formatTime(at)]),
            ]),
          )
          writeResult(options, { schedule }, text.join('\n\n') || 'No database is configured.')
        })
      })
  },
}

function backupWords({
  type,
  include_media,
  media_only,
}: {
  type?: string
  include_media?: boolean
  media_only?: boolean
}): string {
  if (media_only) return 'backup of the media alone'
  return `backup, ${type}${include_media ? ', with media' : ''}`
}
