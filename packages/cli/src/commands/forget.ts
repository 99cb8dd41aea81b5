import { EngineError, type RetentionPolicy } from '@lifeboat/core'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatBytes, formatTime } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatTable } from '../output/table.ts'
import { askConfirmation } from '../prompts.ts'
import { currentUser } from '../user.ts'

interface ForgetFlags extends CommonOptions {
  dryRun?: boolean
  prune: boolean
  maxBackups?: string
  retentionDays?: string
  keepHourly?: string
  keepDaily?: string
  keepWeekly?: string
  keepMonthly?: string
  keepYearly?: string
}

export const forgetCommand: CommandDefinition = {
  name: 'forget',
  description: 'Let retention drop the backups it may, and free their space. Says for each why it stays or goes.',
  examples: [
    'lifeboat forget --dry-run',
    'lifeboat forget --dry-run --max-backups 3 --keep-monthly 12',
    'lifeboat forget --yes',
  ],
  configure(command, signal) {
    command
      .option('--dry-run', 'only say what would be done')
      .option('--no-prune', 'leave the space to the next prune')
      .option('--max-backups <count>', 'newest ones kept; 0: no limit (default: as configured)')
      .option('--retention-days <days>', 'days after which one goes; 0: never')
      .option('--keep-hourly <count>', 'the newest of so many hours stays')
      .option('--keep-daily <count>', 'of so many days')
      .option('--keep-weekly <count>', 'of so many weeks')
      .option('--keep-monthly <count>', 'of so many months')
      .option('--keep-yearly <count>', 'of so many years')
      .action(async (options: ForgetFlags) => {
        const policy = policyOf(options)
        await withSession(options, { signal }, async ({ engine, database, running, finish }) => {
          const { maintenance, audit } = engine.operations
          const preview = await maintenance.preview({ database, policy })
          const going = preview.decisions.filter(({ keep }) => !keep)
          const table = formatTable(
            [{ title: '#', align: 'right' }, { title: 'made' }, { title: 'database' }, { title: '' }, { title: 'why' }],
            preview.decisions.map(({ number, created_at, database: name, keep, text }) => [
              ...[String(number), formatTime(created_at), name, keep ? 'stays' : 'GOES', text],
            ]),
          )
          const shown = preview.decisions.length === 0 ? 'There are no backups.' : table
          if (options.dryRun || going.length === 0) {
            await finish()
            return writeResult(
              options,
              { forget: { ...preview, dry_run: options.dryRun === true, forgotten: [] } },
              shown,
            )
          }
          if (!options.json) process.stderr.write(`${shown}\n`)
          await askConfirmation(`Forget ${going.length} of ${preview.decisions.length} backups?`, options.yes === true)
          const deleted = await engine.backups.deleteAll(
            going.map(({ id }) => id),
            running,
          )
          const forgotten = deleted.map(({ id }) => id)
          await audit.append({
            ...{ actor: currentUser(), address: null, action: 'retention.run', subject: null },
            ...{ outcome: 'allowed', detail: { from: 'cli', forgotten } },
          })
          const pruned = options.prune ? await engine.maintenance.prune(running) : null
          await finish()
          writeResult(
            options,
            { forget: { ...preview, dry_run: false, forgotten, pruned } },
            `${going.length} backups were forgotten${pruned ? `; ${formatBytes(pruned.bytesFreed)} are free again, ${formatBytes(pruned.bytesWaiting)} will be later` : ''}.`,
          )
        })
      })
  },
}

function policyOf(options: ForgetFlags): Partial<RetentionPolicy> {
  const given = {
    newest: options.maxBackups,
    days: options.retentionDays,
    hourly: options.keepHourly,
    daily: options.keepDaily,
    weekly: options.keepWeekly,
    monthly: options.keepMonthly,
    yearly: options.keepYearly,
  }
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, text]) => {
      if (text === undefined) return []
      const count = Number(text)
      if (!Number.isInteger(count) || count < 0) throw new EngineError('USAGE', `"${text}" is no count.`)
      return [[name, count]]
    }),
  )
}
