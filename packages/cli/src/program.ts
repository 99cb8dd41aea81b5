import type { ActionName, AnyAction } from '@lifeboat/core/actions'
import { Command } from 'commander'
import type { CommandDefinition } from './command-definition.ts'
import { withCommonOptions } from './common-options.ts'
import { version } from './version.ts'

type Loaders = Record<string, () => Promise<CommandDefinition>>

/** By heading and name, in the order of the help. Each is loaded when it is asked for, with what it works with. */
const groups: Record<string, Loaders> = {
  'Backups:': {
    init: async () => (await import('./commands/init.ts')).initCommand,
    backup: async () => (await import('./commands/backup.ts')).backupCommand,
    list: async () => (await import('./commands/list.ts')).listCommand,
    show: async () => (await import('./commands/show.ts')).showCommand,
    compare: async () => (await import('./commands/compare.ts')).compareCommand,
    verify: async () => (await import('./commands/verify.ts')).verifyCommand,
    export: async () => (await import('./commands/export.ts')).exportCommand,
    import: async () => (await import('./commands/import.ts')).importCommand,
  },
  'Restores:': {
    restore: async () => (await import('./commands/restore.ts')).restoreCommand,
    undo: async () => (await import('./commands/undo.ts')).undoCommand,
    discard: async () => (await import('./commands/discard.ts')).discardCommand,
    restores: async () => (await import('./commands/restores.ts')).restoresCommand,
    refresh: async () => (await import('./commands/refresh.ts')).refreshCommand,
    mask: async () => (await import('./commands/mask.ts')).maskCommand,
  },
  'Single rows:': {
    lost: async () => (await import('./commands/lost.ts')).lostCommand,
    rewind: async () => (await import('./commands/rewind.ts')).rewindCommand,
    patch: async () => (await import('./commands/patch.ts')).patchCommand,
    'undo-rewind': async () => (await import('./commands/undo-rewind.ts')).undoRewindCommand,
    query: async () => (await import('./commands/query.ts')).queryCommand,
  },
  'Migrations:': {
    migrations: async () => (await import('./commands/migrations.ts')).migrationsCommand,
    rehearse: async () => (await import('./commands/rehearse.ts')).rehearseCommand,
    forecast: async () => (await import('./commands/forecast.ts')).forecastCommand,
    'sign-steps': async () => (await import('./commands/sign-steps.ts')).signStepsCommand,
    guard: async () => (await import('./commands/guard.ts')).guardCommand,
  },
  'Is all well:': {
    drill: async () => (await import('./commands/drill.ts')).drillCommand,
    drills: async () => (await import('./commands/drills.ts')).drillsCommand,
    status: async () => (await import('./commands/status.ts')).statusCommand,
    doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
    alarms: async () => (await import('./commands/alarms.ts')).alarmsCommand,
    metrics: async () => (await import('./commands/metrics.ts')).metricsCommand,
    audit: async () => (await import('./commands/audit.ts')).auditCommand,
    checklist: async () => (await import('./commands/checklist.ts')).checklistCommand,
    reminders: async () => (await import('./commands/reminders.ts')).remindersCommand,
    bench: async () => (await import('./commands/bench.ts')).benchCommand,
  },
  'Approval by another person:': {
    approvals: async () => (await import('./commands/approvals.ts')).approvalsCommand,
    'show-approval': async () => (await import('./commands/approvals.ts')).showApprovalCommand,
    approve: async () => (await import('./commands/approvals.ts')).approveCommand,
  },
  'Keeping and deleting:': {
    pin: async () => (await import('./commands/pin.ts')).pinCommand,
    unpin: async () => (await import('./commands/pin.ts')).unpinCommand,
    delete: async () => (await import('./commands/delete.ts')).deleteCommand,
    forget: async () => (await import('./commands/forget.ts')).forgetCommand,
    prune: async () => (await import('./commands/prune.ts')).pruneCommand,
  },
  'The repository:': {
    check: async () => (await import('./commands/check.ts')).checkCommand,
    scrub: async () => (await import('./commands/scrub.ts')).scrubCommand,
    repair: async () => (await import('./commands/repair.ts')).repairCommand,
    copy: async () => (await import('./commands/copy.ts')).copyCommand,
    adopt: async () => (await import('./commands/adopt.ts')).adoptCommand,
    key: async () => (await import('./commands/key.ts')).keyCommand,
    'recovery-kit': async () => (await import('./commands/recovery-kit.ts')).recoveryKitCommand,
    'recovery-plan': async () => (await import('./commands/recovery-plan.ts')).recoveryPlanCommand,
    storage: async () => (await import('./commands/storage.ts')).storageCommand,
  },
  'In the background:': {
    serve: async () => (await import('./commands/serve.ts')).serveCommand,
    worker: async () => (await import('./commands/worker.ts')).workerCommand,
    jobs: async () => (await import('./commands/jobs.ts')).jobsCommand,
    logs: async () => (await import('./commands/logs.ts')).logsCommand,
    config: async () => (await import('./commands/config.ts')).configCommand,
    schedule: async () => (await import('./commands/schedule.ts')).scheduleCommand,
    notify: async () => (await import('./commands/notify.ts')).notifyCommand,
  },
  'Completion:': {
    completion: async () => (await import('./commands/completion.ts')).completionCommand,
  },
}

const commands: Loaders = Object.assign({}, ...Object.values(groups))
const headingOf = (name: string): string =>
  Object.entries(groups).find(([, members]) => Object.hasOwn(members, name))?.[0] ?? 'More:'

/** The command line, as far as `words` (what was typed after `lifeboat`) ask for it; `signal` fires on Ctrl-C. */
export async function createProgram(words: readonly string[], signal: AbortSignal): Promise<Command> {
  const program = new Command('lifeboat')
    .description(
      'Backups of a PostgreSQL application: made, verified, restored beside the live database and swapped in.',
    )
    .version(version)
    .exitOverride()
    // Errors are shown as all of ours are, by main.ts. The list of commands is wrapped on a narrow terminal too.
    .configureOutput({ outputError: () => {} })
    .commandsGroup('Help:')
    .configureHelp({ minWidthToWrap: 20 })
    .addHelpText(
      'after',
      '\nFirst steps, with DATABASE_URL set; init asks for a passphrase:\n  export LIFEBOAT_REPOSITORY=./backups\n  lifeboat init\n  lifeboat backup\n  lifeboat restore latest --dry-run\n',
    )
  for (const definition of await definitionsFor(words)) {
    const { name, description, examples, action: actionName, own } = definition
    const command = program.command(name).description(description).helpGroup(headingOf(name)).exitOverride()
    const action = actionName === undefined ? undefined : await loadAction(actionName)
    definition.configure(command, signal, action)
    if (action) (await import('./action-options.ts')).addActionOptions(command, action, own)
    command.optionsGroup('Where, and how to answer:')
    withCommonOptions(command)
    command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}\n`)
  }
  return program
}

/** The one command that is asked for; all of them for the help, and to say what there is; none for the version. */
async function definitionsFor(words: readonly string[]): Promise<CommandDefinition[]> {
  const asked = words.find((word) => !word.startsWith('-'))
  if (asked === undefined && words.some((word) => word === '--version' || word === '-V')) return []
  const known = commandIn(words)
  const one = known === undefined ? undefined : commands[known]
  if (one) return [await one()]
  const own = await Promise.all(Object.values(commands).map((load) => load()))
  return [...own, ...(await derivedCommands(new Set(own.map(({ name }) => name))))]
}

/** The commands of actions that have no file here. */
async function derivedCommands(taken: ReadonlySet<string>): Promise<CommandDefinition[]> {
  const [{ allActions }, { commandOf }] = await Promise.all([
    import('@lifeboat/core/actions'),
    import('./action-command.ts'),
  ])
  const derived = (await allActions()).filter(({ command }) => command && !taken.has(command.name.split(' ')[0] ?? ''))
  return derived.map(commandOf)
}

async function loadAction(name: ActionName): Promise<AnyAction> {
  const { actions } = await import('@lifeboat/core/actions')
  return (await actions[name]()) as unknown as AnyAction
}

/** The command that is asked for, if there is such a one. */
export function commandIn(words: readonly string[]): string | undefined {
  const asked = words.find((word) => !word.startsWith('-'))
  return asked !== undefined && Object.hasOwn(commands, asked) ? asked : undefined
}
