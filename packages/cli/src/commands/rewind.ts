import type { ActionResult } from '@lifeboat/core'
import { toWire } from '@lifeboat/core/actions'
import { inputFrom } from '../action-options.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatDuration } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { describeMoved, describeRewind } from '../output/rows.ts'
import { forTerminal } from '../output/terminal.ts'
import { askTyped } from '../prompts.ts'

type RewindPlan = ActionResult<'rows.planRewind'>

interface RewindFlags extends CommonOptions {
  table?: string[]
  dryRun?: boolean
  override?: string[]
  withoutSafetyBackup?: boolean
}

const own = ['tables', 'overrides', 'safetyBackup']

export const rewindCommand: CommandDefinition = {
  name: 'rewind',
  description: 'Take back what changed since a backup, in place and in one transaction. It can be undone.',
  examples: [
    'lifeboat rewind latest --dry-run',
    'lifeboat rewind latest --table orders --keep-new',
    'lifeboat rewind latest --tenant 7 --tenant-table org',
    'lifeboat rewind 12 --yes',
  ],
  action: 'rows.rewind',
  own,
  configure(command, signal, action) {
    command
      .argument('<backup>', 'number, id, its first characters, or "latest"')
      .option('--table <name...>', 'these tables only (default: all of the backup but migration ledgers)')
      .option('--dry-run', 'print the plan and do nothing')
      .option('--without-safety-backup', 'go ahead without a backup of what is taken back')
      .option('--override <name...>', 'go ahead in spite of a refusal, by the name the plan gives it')
      .action(async (backup: string, flags: RewindFlags) => {
        await withSession(flags, { signal }, async ({ engine, database, running, finish }) => {
          const options = {
            ...(action ? inputFrom(action, flags, own) : {}),
            tables: flags.table ?? [],
            overrides: flags.override ?? [],
            safetyBackup: flags.withoutSafetyBackup !== true,
            database,
          }
          const plan = await engine.rows.planRewind(backup, { ...options, ...running })
          const isNothing = plan.tables.length === 0
          if (flags.dryRun || plan.refusals.length > 0 || isNothing) {
            await finish()
            const end =
              plan.refusals.length > 0 || isNothing ? '' : '\n\nNothing was done. Without --dry-run it goes ahead.'
            writeResult(flags, { plan }, `${describeRewind(plan)}${end}`)
            if (plan.refusals.length > 0) process.exitCode = 3
            return
          }
          await confirmRewind(plan, flags)
          const confirm = flags.yes === true ? true : plan.hash
          const result = await engine.rows.rewind(plan.backup.id, { ...options, ...running, confirm })
          await finish()
          const { rewindId, lockedMilliseconds, safetyBackupId } = result
          const undo = `\n  lifeboat undo-rewind ${rewindId}      puts it back`
          writeResult(
            flags,
            { rewind: action ? toWire(action.result, result) : result },
            `${describeMoved(result)}. Writers waited ${formatDuration(lockedMilliseconds)}.${safetyBackupId ? `\nBefore it a safety backup was made: ${safetyBackupId}.` : ''}${undo}`,
          )
        })
      })
  },
}

async function confirmRewind(plan: RewindPlan, { yes, json }: RewindFlags): Promise<void> {
  if (!json) process.stderr.write(`${forTerminal(describeRewind(plan), process.stderr)}\n\n`)
  await askTyped('This changes live rows.', plan.database, yes === true)
}
