import { type ActionResult, isEngineError } from '@lifeboat/core'
import { inputFrom } from '../action-options.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatCounted, formatDuration, formatTime } from '../output/format.ts'
import { describeKeptRows } from '../output/kept-rows.ts'
import { describePlan } from '../output/plan.ts'
import { writeResult } from '../output/result.ts'

interface RefreshFlags extends CommonOptions {
  dryRun?: boolean
}

const own = ['backup']

export const refreshCommand: CommandDefinition = {
  name: 'refresh',
  description: 'Restore a backup into a named target, such as staging: masked, migrated, checked, then swapped in.',
  examples: [
    'lifeboat refresh staging',
    'lifeboat refresh staging 12 --dry-run',
    'lifeboat refresh staging --tag release=2.0',
  ],
  action: 'targets.refresh',
  own,
  configure(command, signal, action) {
    command
      .argument('<target>', 'name of a configured target; see `lifeboat targets`')
      .argument('[backup]', 'number, id, its first characters, or "latest"', 'latest')
      .option('--dry-run', 'print the plan and do nothing')
      .action(async (target: string, backup: string, flags: RefreshFlags) => {
        await withSession(flags, { signal }, async ({ engine, running, finish }) => {
          const asked = { ...(action ? inputFrom(action, flags, own) : {}), backup }
          if (flags.dryRun) {
            const { plan } = await engine.targets.plan(target, { ...asked, ...running })
            await finish()
            const isRefused = plan.refusals.length > 0
            const end = isRefused ? '' : '\n\nNothing was done. Without --dry-run it goes ahead.'
            writeResult(flags, { plan }, `${describePlan({ ...plan, lost: null, instead: null })}${end}`)
            if (isRefused) process.exitCode = 3
            return
          }
          const started = performance.now()
          const done = await engine.targets.refresh(target, { ...asked, ...running })
          const [found] = (await engine.targets.list({ target, ...running }).catch(nullUnlessAborted)) ?? []
          await finish()
          const number = found?.refreshed?.number
          const took = formatDuration(performance.now() - started)
          writeResult(
            flags,
            { refresh: done },
            `Refreshed "${target}"${number === undefined ? '' : ` with backup ${number}`} in ${took}: database "${done.database}", ${formatCounted(done.rows, 'row')}.${describe(done)}`,
          )
          if (done.problems.length > 0) process.exitCode = 1
        })
      })
  },
}

function nullUnlessAborted(error: unknown): null {
  if (isEngineError(error, 'ABORTED')) throw error
  return null
}

function describe(done: ActionResult<'targets.refresh'>): string {
  const { masking, carried_over: carried = [], kept_database: kept, undo_until: until, migrations } = done
  return [
    masking
      ? `Masked by policy ${masking.policy.slice(0, 12)}; searched for ${masking.canaries} original values: none found.`
      : 'Not masked: it holds production data as it is.',
    ...[masking ? describeKeptRows(masking) : ''].filter((text) => text !== ''),
    ...(migrations.length > 0 ? [`Migrations run: ${migrations.join(', ')}.`] : []),
    ...carried.map(({ table, rows }) => `Kept of the target: ${formatCounted(rows, 'row')} of ${table}.`),
    ...(kept ? [`What was there is kept as "${kept}"${until ? ` until ${formatTime(until)}` : ''}.`] : []),
  ]
    .map((line) => `\n${line}`)
    .join('')
}
