import { EngineError } from '../errors.ts'
import { loadExeca } from './load-execa.ts'

/** A program of the host's, started without any shell. */
export interface Command {
  /** The program: a path, or a name looked up in PATH. */
  file: string
  args?: readonly string[]
  /** Working directory; default: that of this process. */
  cwd?: string
  /** Added to the few variables a program needs to start at all (PATH, HOME, LANG, TMPDIR). Nothing else is inherited. */
  env?: Readonly<Record<string, string>>
}

export interface CommandRun {
  signal: AbortSignal
  /** Gets each line the program prints, on either stream. */
  onLine(line: string): void
}

/** How long a program may take to end after SIGTERM, in milliseconds. */
const graceMs = 2000
const inherited = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'TZ']

/**
 * Runs a program to its end. It gets no input, and its descendants end with it when `signal` fires.
 *
 * @throws `CLIENT_TOOL_FAILED` when it cannot be started or ends with anything but 0; `ABORTED`.
 */
export async function runCommand(command: Command, { signal, onLine }: CommandRun): Promise<void> {
  const env: Record<string, string> = {}
  for (const name of inherited) {
    const value = process.env[name]
    if (value !== undefined) env[name] = value
  }
  const execa = await loadExeca()
  const running = execa(command.file, command.args ?? [], {
    cwd: command.cwd ?? process.cwd(),
    env: { ...env, ...command.env },
    extendEnv: false,
    stdin: 'ignore',
    all: true,
    buffer: false,
    reject: false,
    cancelSignal: signal,
    killDescendants: true,
    forceKillAfterDelay: graceMs,
  })
  for await (const line of running.iterable({ from: 'all' })) onLine(String(line))
  const result = await running
  if (signal.aborted) throw new EngineError('ABORTED', 'Interrupted.', { cause: signal.reason })
  if (result.exitCode === 0) return
  const how =
    result.exitCode !== undefined
      ? `ended with exit code ${result.exitCode}`
      : result.signal
        ? `was ended by ${result.signal}`
        : `could not be started (${result.code ?? 'no reason given'})`
  throw new EngineError('CLIENT_TOOL_FAILED', `${command.file} ${how}.`)
}
