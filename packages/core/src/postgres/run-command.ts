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
  /** Gets each line the program prints, on either stream; of a long one its first 8,192 characters. */
  onLine(line: string): void
}

/** How long a program may take to end after SIGTERM, and what it started after its own end, in milliseconds. */
const graceMs = 2000
/** In characters: a program may print 100 MB without the end of a line. */
const longestLine = 8192
const inherited = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'TZ']

/**
 * Runs a program to its end. It gets no input, and its descendants end with it, also when `signal` fires. A descendant that
 * has left its process group is not waited for.
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
  const leftovers = endLeftovers(running)
  await readLines(running.iterable({ from: 'all', binary: true }), onLine)
  const result = await running
  leftovers.stop()
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

interface RunningProgram {
  stdout: { destroy(): unknown }
  stderr: { destroy(): unknown }
  all: { destroy(): unknown }
  kill(): unknown
  nodeChildProcess: { once(event: 'exit', listener: () => void): unknown }
}

/** What a program leaves behind holds its output open, and would be waited for without end. */
function endLeftovers(running: RunningProgram): { stop(): void } {
  const timers: NodeJS.Timeout[] = []
  running.nodeChildProcess.once('exit', () => {
    timers.push(setTimeout(() => running.kill(), graceMs / 2))
    timers.push(
      setTimeout(() => {
        running.stdout.destroy()
        running.stderr.destroy()
        running.all.destroy()
      }, graceMs * 2),
    )
  })
  return { stop: () => timers.forEach(clearTimeout) }
}

async function readLines(chunks: AsyncIterable<unknown>, onLine: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder()
  let line = ''
  try {
    for await (const chunk of chunks) {
      const parts = (chunk instanceof Uint8Array ? decoder.decode(chunk, { stream: true }) : '').split('\n')
      for (const [position, part] of parts.entries()) {
        if (position > 0) {
          onLine(line.replace(/\r$/, ''))
          line = ''
        }
        line += part.slice(0, longestLine - line.length)
      }
    }
  } catch (error) {
    // The output was closed under a program that was left behind.
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE')) throw error
  }
  if (line !== '') onLine(line)
}
