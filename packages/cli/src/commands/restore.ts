import { type ActionResult, EngineError, type RestoreSummary } from '@lifeboat/core'
import { numberOf } from '../action-options.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatBytes, formatDuration, formatTime } from '../output/format.ts'
import { describeKeptRows } from '../output/kept-rows.ts'
import { describePlan } from '../output/plan.ts'
import { writeResult } from '../output/result.ts'
import { formatTable } from '../output/table.ts'
import { forTerminal } from '../output/terminal.ts'
import { askTyped } from '../prompts.ts'

interface RestoreFlags extends CommonOptions {
  list?: boolean
  strategy?: string
  targetDatabase?: string
  media?: string | boolean
  migrate?: boolean
  dryRun?: boolean
  safetyBackup?: boolean
  withoutSafetyBackup?: boolean
  override?: string[]
  intoOther?: boolean
  createRoles?: boolean
  roleMap?: string[]
  owner?: boolean
  privileges?: boolean
  tablespaces?: boolean
  leaveOut?: string[]
  notValid?: string[]
  unpopulated?: string[]
  lossTimeoutMs?: number
  masked?: boolean
  schemaFrom?: string
  runCarried?: string
}

const strategies = ['swap', 'new-database', 'in-place', 'media'] as const

export const restoreCommand: CommandDefinition = {
  name: 'restore',
  description: 'Restore a backup beside the live database, migrate and check it there, then swap it in.',
  examples: [
    'lifeboat restore latest --dry-run',
    'lifeboat restore 12',
    'lifeboat restore latest --strategy new-database --target-database shop_copy',
    'lifeboat restore 12 --media ./uploads --yes',
    'lifeboat restore latest --strategy media',
    'lifeboat restore 43 --schema-from latest --strategy new-database --target-database old_shop',
    'lifeboat restore latest --masked --target-database shop_staging',
  ],
  own: ['restoreMedia', 'runMigrations', 'safetyBackup', 'overrides', 'noOwner', 'noPrivileges', 'noTablespaces'],
  configure(command, signal) {
    command
      .argument('[backup]', 'number, id, its first characters, or "latest"')
      .option('--list', 'list the restores that can be undone')
      .option('--strategy <name>', strategies.join(', '), 'swap')
      .option('--target-database <name>', 'name of the new database (new-database)')
      .option('--media [folder]', 'restore the media: into this folder, or into the configured ones')
      .option('--migrate', 'run the migrations the backup lacks (default)')
      .option('--no-migrate', 'leave the copy as the backup has it')
      .option('--dry-run', 'print the plan and do nothing')
      .option('--without-safety-backup', 'go ahead without a backup of what is replaced')
      .option('--override <name...>', 'go ahead in spite of a refusal, by the name the plan gives it')
      .option('--into-other', "replace a database that is not the backup's own")
      .option('--create-roles', 'create missing roles (NOLOGIN)')
      .option('--role-map <from=to...>', 'give what one role owned to another')
      .option('--no-owner', 'everything belongs to the restoring role')
      .option('--no-privileges', 'leave out grants')
      .option('--no-tablespaces', 'leave out tablespaces')
      .option(
        '--leave-out <name...>',
        'restore without these objects and what needs them; or all "extensions", "comments" ...',
      )
      .option('--not-valid <name...>', 'foreign keys and checks (schema.table.name) that present rows need not satisfy')
      .option('--unpopulated <name...>', 'materialized views (schema.name) to leave without rows')
      .option(
        '--run-carried <hash>',
        'run the down steps that the backup carries, on the copy: the hash that the plan gives',
      )
      .option('--masked', 'by the masking policy, into a new database (see `lifeboat mask`)')
      .option(
        '--schema-from <backup>',
        'of an imported backup the rows alone, into the definitions of this backup of a database',
      )
      .option('--loss-timeout-ms <n>', 'how long the plan may count what would be lost (default 15000)', numberOf)
      .action(async (reference: string | undefined, flags: RestoreFlags) => {
        if (flags.list) return listKept(flags, signal)
        if (reference === undefined) {
          throw new EngineError('USAGE', 'Which backup?', {
            advice: 'Give its number or id, or "latest". See `lifeboat list`.',
          })
        }
        // A masked copy is a new database: there is nothing to choose.
        const isChosen = command.getOptionValueSource('strategy') === 'cli'
        const asked = flags.masked && !isChosen ? 'new-database' : flags.strategy
        const strategy = strategies.find((name) => name === asked)
        if (!strategy)
          throw new EngineError('USAGE', `There is no strategy "${asked}".`, {
            advice: `Strategies: ${strategies.join(', ')}.`,
          })
        await withSession(flags, { signal }, async ({ engine, database, running, finish }) => {
          const options = {
            database,
            strategy,
            targetDatabase: flags.targetDatabase,
            ...(typeof flags.media === 'string' ? { mediaTarget: flags.media } : {}),
            restoreMedia: flags.media !== undefined,
            runMigrations: flags.migrate !== false,
            safetyBackup: flags.withoutSafetyBackup !== true,
            overrides: flags.override ?? [],
            intoOther: flags.intoOther === true,
            createRoles: flags.createRoles === true,
            roleMap: parseRoleMap(flags.roleMap ?? []),
            noOwner: flags.owner === false,
            noPrivileges: flags.privileges === false,
            noTablespaces: flags.tablespaces === false,
            leaveOut: flags.leaveOut,
            notValid: flags.notValid,
            unpopulated: flags.unpopulated,
            lossTimeoutMs: flags.lossTimeoutMs,
            masked: flags.masked === true,
            runCarried: flags.runCarried,
            schemaFrom: flags.schemaFrom,
          }
          const plan = await engine.restores.plan(reference, { ...options, ...running })
          if (flags.dryRun || plan.refusals.length > 0) {
            await finish()
            writeResult(
              flags,
              { plan },
              `${describePlan(plan)}${plan.refusals.length > 0 ? '' : '\n\nNothing was done. Without --dry-run it goes ahead.'}`,
            )
            if (plan.refusals.length > 0) process.exitCode = 3
            return
          }
          if (!flags.json) process.stderr.write(`${forTerminal(describePlan(plan), process.stderr)}\n\n`)
          await confirmPlan(plan, flags.yes === true)
          const started = performance.now()
          const result = await engine.restores.run(reference, { ...options, ...running, confirm: plan.hash })
          await finish()
          const undo = result.kept_database
            ? `\nThe database as it was is kept as "${result.kept_database}"${result.undo_until ? ` until ${formatTime(result.undo_until)}` : ''}.\n  lifeboat undo ${result.id}      puts it back\n  lifeboat discard ${result.id}   drops it`
            : ''
          writeResult(
            flags,
            { restore: result },
            `${whatIsRestored(result)} in ${formatDuration(performance.now() - started)}.${describeMasking(result.masking)}${describeProblems(result.problems)}${undo}`,
          )
          if (result.problems.length > 0) process.exitCode = 1
        })
      })
  },
}

function whatIsRestored({ strategy, database, media }: RestoreSummary): string {
  if (strategy !== 'media') return `Restored into "${database}"`
  return `Media restored to ${media.map(({ target }) => target).join(', ') || 'no folder'}`
}

/** What the copy does not hold, and how that was shown. */
function describeMasking(masking: RestoreSummary['masking']): string {
  if (!masking) return ''
  const columns = masking.tables.reduce((sum, { masked }) => sum + masked.length, 0)
  return [
    `\nMasked: ${columns} columns. Searched for ${masking.canaries} original values in ${masking.searched.relations} tables and views: none found.`,
    ...(masking.leftOut.length > 0 ? [`\nLeft out: ${masking.leftOut.join(', ')}.`] : []),
    ...masking.notes.map((note) => `\n${note}`),
    ...[describeKeptRows(masking)].filter((text) => text !== '').map((text) => `\n${text}`),
    '\nThe data is pseudonymised, not anonymous: anyone who has the key, or knows a person well, can identify them.',
  ].join('')
}

/** The data is live, and something about it is not as it should be. */
function describeProblems(problems: RestoreSummary['problems']): string {
  return problems.map(({ text, advice }) => `\nNot all is as it should be: ${text}\n  ${advice}`).join('')
}

async function listKept(flags: RestoreFlags, signal: AbortSignal): Promise<void> {
  await withSession(flags, { signal }, async ({ engine, database, running, finish }) => {
    const kept = await engine.restores.kept({ ...running, database })
    const media = await engine.restores.keptMedia({ ...running, database })
    await finish()
    const rows = kept.map((one) => [
      one.restore_id,
      one.database,
      formatTime(one.replaced_at),
      one.kept_database,
      formatBytes(one.bytes),
      one.undo_until ? formatTime(one.undo_until) : 'discarded',
    ])
    const titles = [
      { title: 'restore' },
      { title: 'database' },
      { title: 'replaced' },
      { title: 'kept as' },
      { title: 'size' },
      { title: 'kept until' },
    ]
    const folders = media.map(
      (one) =>
        `Of restore ${one.restore_id}, media: ${one.kept_folder}${one.undo_until ? `, until ${formatTime(one.undo_until)}` : ''}`,
    )
    const text = rows.length ? formatTable(titles, rows) : 'No restore can be undone.'
    writeResult(flags, { restores: kept, media }, [text, ...folders].join('\n'))
  })
}

async function confirmPlan(plan: ActionResult<'restores.plan'>, yes: boolean): Promise<void> {
  if (plan.strategy !== 'media') return askTyped('This replaces a database.', plan.database, yes || !plan.replaces)
  const replaced = plan.media.some(({ replaces }) => replaces)
  await askTyped('This replaces media folders.', plan.database, yes || !replaced)
}

function parseRoleMap(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw new EngineError('USAGE', `The role mapping "${pair}" is not of the form FROM=TO.`)
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}
