import { Command } from 'commander'
import type { CommandDefinition } from './command-definition.ts'
import { adoptCommand } from './commands/adopt.ts'
import { backupCommand } from './commands/backup.ts'
import { checkCommand } from './commands/check.ts'
import { configCommand } from './commands/config.ts'
import { copyCommand } from './commands/copy.ts'
import { deleteCommand } from './commands/delete.ts'
import { discardCommand } from './commands/discard.ts'
import { doctorCommand } from './commands/doctor.ts'
import { exportCommand } from './commands/export.ts'
import { forgetCommand } from './commands/forget.ts'
import { initCommand } from './commands/init.ts'
import { jobsCommand } from './commands/jobs.ts'
import { keyCommand } from './commands/key.ts'
import { listCommand } from './commands/list.ts'
import { logsCommand } from './commands/logs.ts'
import { pinCommand, unpinCommand } from './commands/pin.ts'
import { pruneCommand } from './commands/prune.ts'
import { recoveryKitCommand } from './commands/recovery-kit.ts'
import { restoreCommand } from './commands/restore.ts'
import { restoresCommand } from './commands/restores.ts'
import { scheduleCommand } from './commands/schedule.ts'
import { serveCommand } from './commands/serve.ts'
import { showCommand } from './commands/show.ts'
import { statusCommand } from './commands/status.ts'
import { storageCommand } from './commands/storage.ts'
import { undoCommand } from './commands/undo.ts'
import { verifyCommand } from './commands/verify.ts'
import { workerCommand } from './commands/worker.ts'
import { withCommonOptions } from './options.ts'
import { version } from './version.ts'

const definitions: readonly CommandDefinition[] = [
  initCommand,
  backupCommand,
  listCommand,
  showCommand,
  verifyCommand,
  restoreCommand,
  undoCommand,
  discardCommand,
  exportCommand,
  pinCommand,
  unpinCommand,
  deleteCommand,
  forgetCommand,
  pruneCommand,
  checkCommand,
  doctorCommand,
  statusCommand,
  serveCommand,
  workerCommand,
  jobsCommand,
  logsCommand,
  restoresCommand,
  configCommand,
  scheduleCommand,
  adoptCommand,
  copyCommand,
  keyCommand,
  recoveryKitCommand,
  storageCommand,
]

/** The whole command line; `signal` fires on Ctrl-C. */
export function createProgram(signal: AbortSignal): Command {
  const program = new Command('lifeboat')
    .description(
      'Backups of a PostgreSQL application: made, verified, restored beside the live database and swapped in.',
    )
    .version(version)
    .exitOverride()
    .showHelpAfterError('(see lifeboat --help)')
    .addHelpText(
      'after',
      '\nFirst steps:\n  lifeboat init --repository ./backups\n  lifeboat backup --repository ./backups --database-url postgresql://localhost/app\n  lifeboat restore latest --repository ./backups --dry-run\n',
    )
  for (const { name, description, examples, configure } of definitions) {
    const command = program.command(name).description(description).exitOverride()
    configure(command, signal)
    withCommonOptions(command)
    command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}\n`)
  }
  return program
}
