import type { ActionResult } from '@lifeboat/core'
import { toWire } from '@lifeboat/core/actions'
import { inputFrom } from '../action-options.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatDuration } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { describeMoved, describePatch } from '../output/rows.ts'
import { forTerminal } from '../output/terminal.ts'
import { askTyped } from '../prompts.ts'

type PatchPlan = ActionResult<'rows.planPatch'>

interface PatchFlags extends CommonOptions {
  table: string
  dryRun?: boolean
  override?: string[]
  withoutSafetyBackup?: boolean
}

const own = ['table', 'overrides', 'safetyBackup']

export const patchCommand: CommandDefinition = {
  name: 'patch',
  description: 'Put chosen rows of one table back, in one transaction. Rows added since stay. It can be undone.',
  examples: [
    'lifeboat patch latest --table orders --where "id IN (1, 2)" --dry-run',
    'lifeboat patch latest --table orders --on-conflict live',
  ],
  action: 'rows.patch',
  own,
  configure(command, signal, action) {
    command
      .argument('<backup>', 'number, id, its first characters, or "latest"')
      .requiredOption('--table <name>', 'the table: `name`, or `schema.name` outside of schema public')
      .option('--dry-run', 'print the plan and do nothing')
      .option('--without-safety-backup', 'go ahead without a backup of what is replaced')
      .option('--override <name...>', 'go ahead in spite of a refusal, by the name the plan gives it')
      .action(async (backup: string, flags: PatchFlags) => {
        await withSession(flags, { signal }, async ({ engine, database, running, finish }) => {
          const options = {
            ...(action ? inputFrom(action, flags, own) : {}),
            table: flags.table,
            overrides: flags.override ?? [],
            safetyBackup: flags.withoutSafetyBackup !== true,
            database,
          }
          const plan = await engine.rows.planPatch(backup, { ...options, ...running })
          const ends = plan.refusals.length > 0 || plan.tables.length === 0
          if (flags.dryRun || ends) {
            await finish()
            const end = ends ? '' : '\n\nNothing was done. Without --dry-run it goes ahead.'
            writeResult(flags, { plan }, `${describePatch(plan)}${end}`)
            if (plan.refusals.length > 0) process.exitCode = 3
            return
          }
          await confirmPatch(plan, flags)
          const confirm = flags.yes === true ? true : plan.hash
          const result = await engine.rows.patch(plan.backup.id, { ...options, ...running, confirm })
          await finish()
          const { rewindId, lockedMilliseconds, safetyBackupId } = result
          const safety = safetyBackupId ? `\nBefore it a safety backup was made: ${safetyBackupId}.` : ''
          writeResult(
            flags,
            { patch: action ? toWire(action.result, result) : result },
            `${describeMoved(result)}. Writers waited ${formatDuration(lockedMilliseconds)}.${safety}\n  lifeboat undo-rewind ${rewindId}      undoes it`,
          )
        })
      })
  },
}

async function confirmPatch(plan: PatchPlan, { yes, json }: PatchFlags): Promise<void> {
  if (!json) process.stderr.write(`${forTerminal(describePatch(plan), process.stderr)}\n\n`)
  await askTyped('This changes live rows.', plan.database, yes === true)
}
