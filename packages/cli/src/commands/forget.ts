import { EngineError } from '@lifeboat/core'
import type { AnyAction } from '@lifeboat/core/actions'
import type { RetentionPreview } from '@lifeboat/core/http'
import { inputFrom } from '../action-options.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatBytes, formatCounted, formatTime } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatTable } from '../output/table.ts'
import { askConfirmation } from '../prompts.ts'

interface ForgetFlags extends CommonOptions {
  dryRun?: boolean
  prune: boolean
  now?: boolean
}

export const forgetCommand: CommandDefinition = {
  name: 'forget',
  description: 'Let retention drop the backups it may, and free their space. Says for each why it stays or goes.',
  examples: [
    'lifeboat forget --dry-run',
    'lifeboat forget --dry-run --max-backups 3 --keep-monthly 12',
    'lifeboat forget --yes',
  ],
  action: 'retention.run',
  own: ['justMade'],
  configure(command, signal, action) {
    command
      .option('--dry-run', 'only say what would be done')
      .option('--no-prune', 'leave the space to the next prune')
      .action(async (options: ForgetFlags) => {
        const limits = inputFrom(action as AnyAction, options, ['prune', 'now'])
        await withSession(options, { signal }, async ({ engine, database, running, finish }) => {
          const preview = await engine.retention.preview({ ...running, database, ...limits })
          const going = preview.decisions.filter(({ keep }) => !keep)
          const table = formatTable(
            [{ title: '#', align: 'right' }, { title: 'made' }, { title: 'database' }, { title: '' }, { title: 'why' }],
            preview.decisions.map(({ number, created_at, database: name, keep, text }) => [
              ...[String(number), formatTime(created_at), name, keep ? 'stays' : 'GOES', text],
            ]),
          )
          const shown = preview.decisions.length === 0 ? 'There are no backups.' : table
          const refusal = refusalOf(preview)
          if (going.length === 0 && refusal && !options.dryRun) {
            if (!options.json) process.stderr.write(`${shown}\n`)
            throw refusal
          }
          if (options.dryRun) {
            await finish()
            return writeResult(options, { forget: { ...preview, dry_run: true, forgotten: [] } }, shown)
          }
          if (!options.json) process.stderr.write(`${shown}\n`)
          const question = `Forget ${going.length} of ${formatCounted(preview.decisions.length, 'backup')}?`
          if (going.length > 0) await askConfirmation(question, options.yes === true)
          const { forgotten, pruned } = await engine.retention.run({
            ...running,
            database,
            ...limits,
            prune: options.prune,
            now: options.now,
          })
          await finish()
          writeResult(
            options,
            { forget: { ...preview, dry_run: false, forgotten, pruned } },
            `${formatCounted(forgotten.length, 'backup')} forgotten${pruned ? `; ${formatBytes(pruned.bytesFreed)} are free again, ${formatBytes(pruned.bytesWaiting)} will be later` : ''}.`,
          )
          if (refusal) throw refusal
        })
      })
  },
}

/** What retention was kept from, as the error the command ends with once the rest has gone. */
function refusalOf({ refusals, wouldRemove }: RetentionPreview): EngineError | undefined {
  if (refusals.length === 0) return undefined
  return new EngineError('RETENTION_REFUSED', refusals.map(({ text }) => text).join(' '), {
    advice: `Look at the clocks. If it is what you want: lifeboat forget --yes-remove ${wouldRemove}`,
    detail: { would_remove: wouldRemove },
  })
}
