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
  },
  'Restores:': {
    restore: async () => (await import('./commands/restore.ts')).restoreCommand,
    undo: async () => (await import('./commands/undo.ts')).undoCommand,
    discard: async () => (await import('./commands/discard.ts')).discardCommand,
    restores: async () => (await import('./commands/restores.ts')).restoresCommand,
  },
  'Is all well:': {
    status: async () => (await import('./commands/status.ts')).statusCommand,
    doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
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
    storage: async () => (await import('./commands/storage.ts')).storageCommand,
  },
  'In the background:': {
    serve: async () => (await import('./commands/serve.ts')).serveCommand,
    worker: async () => (await import('./commands/worker.ts')).workerCommand,
    jobs: async () => (await import('./commands/jobs.ts')).jobsCommand,
    logs: async () => (await import('./commands/logs.ts')).logsCommand,
    config: async () => (await import('./commands/config.ts')).configCommand,
    schedule: async () => (await import('./commands/schedule.ts')).scheduleCommand,
  },
}

const commands: Loaders = Object.assign({}, ...Object.values(groups))
const headingOf = (name: string): string =>
  Object.entries(groups).find(([, members]) => Object.hasOwn(members, name))?.[0] ?? 'Commands:'

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
      '\nFirst steps:\n  lifeboat init --repository ./backups\n  lifeboat backup --repository ./backups --database-url postgresql://localhost/app\n  lifeboat restore latest --repository ./backups --dry-run\n',
    )
  for (const { name, description, examples, configure } of await definitionsFor(words)) {
    const command = program.command(name).description(description).helpGroup(headingOf(name)).exitOverride()
    configure(command, signal)
    command.optionsGroup('Where, and how to answer:')
    withCommonOptions(command)
    command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}\n`)
  }
  return program
}

/** The one command that is asked for; all of them for the help, and to say what there is; none for the version. */
function definitionsFor(words: readonly string[]): Promise<CommandDefinition[]> {
  const asked = words.find((word) => !word.startsWith('-'))
  if (asked === undefined && words.some((word) => word === '--version' || word === '-V')) return Promise.resolve([])
  const known = commandIn(words)
  const one = known === undefined ? undefined : commands[known]
  return Promise.all((one ? [one] : Object.values(commands)).map((load) => load()))
}

/** The command that is asked for, if there is such a one. */
export function commandIn(words: readonly string[]): string | undefined {
  const asked = words.find((word) => !word.startsWith('-'))
  return asked !== undefined && Object.hasOwn(commands, asked) ? asked : undefined
}
