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

const json = process.argv.includes('--json')
try {
  const program = await createProgram(process.argv.slice(2), interrupt.signal)
  await program.parseAsync(process.argv)
} catch (error) {
  process.exitCode = await report(error)
}

async function report(error: unknown): Promise<number> {
  // Help and version are no errors; without a command the help says what there is.
  if (error instanceof CommanderError && error.exitCode === 0) return 0
  if (error instanceof CommanderError && error.code === 'commander.help') return 2
  const { describeError, errorDocument, exitCodeOf, usageError } = await import('./output/error.ts')
  const { forTerminal } = await import('./output/terminal.ts')
  if (error instanceof CommanderError) return report(usageError(error.message, commandIn(process.argv.slice(2))))
  if (json) process.stdout.write(`${JSON.stringify(errorDocument(error), null, 2)}\n`)
  process.stderr.write(forTerminal(describeError(error), process.stderr))
  if (process.env.LIFEBOAT_DEBUG && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
  if (interrupt.signal.aborted) return 130
  return exitCodeOf(error)
}
