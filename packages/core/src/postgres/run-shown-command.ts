import { constants } from 'node:os'
import { EngineError } from '../errors.ts'
import { loadExeca } from './load-execa.ts'

/** A program that people watch: it has the environment of this process, and its output is shown as it comes. */
export interface ShownCommand {
  /** The program: a path, or a name looked up in PATH. */
  file: string
  args?: readonly string[] | undefined
  /** Working directory; default: that of this process. */
  cwd?: string | undefined
  /** Added to the environment of this process. */
  env?: Readonly<Record<string, string>> | undefined
  /** Whether it reads the standard input of this process; default: it has none. */
  input?: 'inherit' | 'ignore' | undefined
  /** Where what it prints on its standard output is shown; default `stdout`. */
  output?: 'stdout' | 'stderr' | undefined
}

/** How a program ended. */
export interface CommandEnd {
  /** As a shell has it: 128 and the number of the signal that ended it; 127 where it could not be started. */
  exitCode: number
  /** Ended by a signal, from any sender. */
  signalled: boolean
  /** For people: `knex ended with exit code 1`. */
  text: string
}

/** How long a program may take to end after Ctrl-C, in milliseconds: in this time the server rolls back what it runs. */
const graceMs = 10_000

/**
 * Runs a program to its end, without any shell. When `signal` fires, it gets SIGINT as by Ctrl-C, its
 * descendants too; what is left of them after 10 s is killed.
 *
 * @throws EngineError `ABORTED`, once it has ended.
 */
export async function runShownCommand(command: ShownCommand, signal: AbortSignal | undefined): Promise<CommandEnd> {
  const { file, args = [], cwd = process.cwd(), env = {}, output = 'stdout', input = 'ignore' } = command
  const execa = await loadExeca()
  const running = execa(file, args, {
    ...{ cwd, env, stdin: input, stdout: output === 'stdout' ? 1 : 2, stderr: 2 },
    ...{ buffer: false, reject: false, killDescendants: true, killSignal: 'SIGINT', forceKillAfterDelay: graceMs },
    ...(signal ? { cancelSignal: signal } : {}),
  })
  const result = await running
  // Descendants that took no notice of the signal.
  if (signal?.aborted && running.pid !== undefined) running.kill('SIGKILL')
  if (signal?.aborted) throw new EngineError('ABORTED', 'Interrupted.', { cause: signal.reason })
  if (result.exitCode !== undefined)
    return { exitCode: result.exitCode, signalled: false, text: `${file} ended with exit code ${result.exitCode}` }
  if (result.signal) {
    const exitCode = 128 + (constants.signals[result.signal] ?? 0)
    return { exitCode, signalled: true, text: `${file} was ended by ${result.signal}` }
  }
  return { exitCode: 127, signalled: false, text: `${file} could not be started (${result.code ?? 'no reason given'})` }
}
