import { toWire } from '@lifeboat/core/actions'
import type { Forecast } from '@lifeboat/core/migrations'
import { inputFrom } from '../action-options.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatMinute } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatTable } from '../output/table.ts'

export const forecastCommand: CommandDefinition = {
  name: 'forecast',
  description:
    'Say of each stored backup whether this code could restore it: as it is, by migrations, or not, and why.',
  examples: ['lifeboat forecast', 'lifeboat forecast --json'],
  action: 'backups.forecast',
  configure(command, signal, action) {
    command.action(async (flags: CommonOptions) => {
      await withSession(flags, { signal }, async ({ engine, database, running, finish }) => {
        const input = action ? inputFrom(action, flags) : {}
        const forecast = (await engine.backups.forecast({ ...input, database, ...running })) as unknown as Forecast
        await finish()
        // For a pipeline: these are the backups that this code orphans.
        if (forecast.counts.refused > 0) process.exitCode = 1
        writeResult(flags, action ? (toWire(action.result, forecast) as object) : forecast, describeForecast(forecast))
      })
    })
  },
}

const words = {
  'as-is': 'as it is',
  migrated: 'by migrations',
  carried: 'by carried steps',
  refused: 'not',
  unknown: 'unknown',
} as const

function describeForecast({ counts, backups }: Forecast): string {
  const rows = backups.map(({ number, created_at, outlook, why, instead }) => [
    ...[String(number), formatMinute(created_at), words[outlook]],
    instead ? `${why} Backup ${instead.number} can be restored without.` : why,
  ])
  const columns = [
    { title: 'No.', align: 'right' as const },
    { title: 'Made' },
    { title: 'Restorable' },
    { title: 'Why' },
  ]
  const sums = Object.entries(counts).flatMap(([outlook, count]) =>
    count > 0 ? `${count} ${words[outlook as keyof typeof words]}` : [],
  )
  return backups.length === 0
    ? 'There is no backup.'
    : `${formatTable(columns, rows)}\n\nRestorable: ${sums.join(', ')}.`
}
