import { CommanderError } from 'commander'
import { commandIn, createProgram } from './program.ts'

/**
 * The command. Exit codes: 0 done, 1 failed, 2 usage, 3 refused by plan or policy, 130 interrupted and cleaned up.
 * With --json, stdout carries exactly one JSON document, an error included.
 */
const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (interrupt.signal.aborted) process.exit(130)
    process.stderr.write('\nInterrupted: cleaning up. Press Ctrl-C again to stop at once.\n')
    interrupt.abort(new Error(signal))
  })
}
// A reader such as `head` that closes early is no failure of ours, nor does it make one undone: a command that has set
// its exit code already keeps it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') process.exit(1)
  if (!process.exitCode) process.exit(0)
})

// What follows `--` belongs to the program that `lifeboat guard` runs.
const end = process.argv.indexOf('--')
const json = process.argv.slice(0, end === -1 ? undefined : end).includes('--json')
try {
  const [, , asked, separator, ...typed] = process.argv
  if (asked === 'complete' && separator === '--') {
    const { complete } = await import('./complete.ts')
    complete(await createProgram([], interrupt.signal), typed)
  } else {
    const program = await createProgram(process.argv.slice(2), interrupt.signal)
    await program.parseAsync(process.argv)
  }
} catch (error) {
  process.exitCode = await report(error)
}

/** The program that stdout is piped to has ended, as `head` does: no failure of the storage. */
function isClosedPipe(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if ('code' in cause && cause.code === 'EPIPE' && process.stdout.errored) return true
  return false
}

async function report(error: unknown): Promise<number> {
  // Help and version are no errors; without a command the help says what there is.
  if (error instanceof CommanderError && error.exitCode === 0) return 0
  if (error instanceof CommanderError && error.code === 'commander.help') return 2
  if (isClosedPipe(error)) {
    process.stderr.write('lifeboat: the reader of stdout closed the pipe: only a part was written.\n')
    return 1
  }
  const { describeError, errorDocument, exitCodeOf, usageError } = await import('./output/error.ts')
  const { forTerminal } = await import('./output/terminal.ts')
  if (error instanceof CommanderError) return report(usageError(error.message, commandIn(process.argv.slice(2))))
  if (json) process.stdout.write(`${JSON.stringify(errorDocument(error), null, 2)}\n`)
  process.stderr.write(forTerminal(describeError(error), process.stderr))
  if (process.env.LIFEBOAT_DEBUG && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
  if (interrupt.signal.aborted) return 130
  return exitCodeOf(error)
}
