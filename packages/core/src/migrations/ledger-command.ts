import { EngineError, isEngineError } from '../errors.ts'
import type { Command, CommandRun } from '../postgres/run-command.ts'
import type { MigrationRun } from './inspector.ts'

export type { Command } from '../postgres/run-command.ts'

/** Runs a program from an array of arguments (postgres/run-command.ts). */
export type RunCommand = (command: Command, run: CommandRun) => Promise<void>

export interface CommandMigration {
  /** Of the inspector. */
  name: string
  command: Command
  /** Variables in which the command finds the URL. */
  urlVariables: readonly string[]
  runCommand: RunCommand
}

/** The most of what a program prints that goes to the log, in lines; the last ones are told with a failure all the same. */
const mostLines = 2000
/** Lines told with a failure: some tools print the error first and a trace of their own after it. */
const mostLast = 20
/** In characters. */
const longestLine = 4000

/**
 * Migrates by the tool's own command, which gets the copy's URL and nothing else of our environment. What it prints is
 * the log, with the URL and its password taken out.
 *
 * @throws EngineError `MIGRATION_FAILED` with the last lines, `ABORTED`.
 */
export async function migrateByCommand(migration: CommandMigration, run: MigrationRun): Promise<void> {
  const { name, command, urlVariables, runCommand } = migration
  const { databaseUrl, signal, log } = run
  const redact = redactor(databaseUrl)
  const last: string[] = []
  let lines = 0
  const onLine = (line: string) => {
    const text = redact(line.length > longestLine ? `${line.slice(0, longestLine)} ...` : line)
    last.push(text)
    if (last.length > mostLast) last.shift()
    lines++
    if (lines <= mostLines) log(text)
    if (lines === mostLines) log(`More than ${mostLines} lines: the rest is not logged.`)
  }
  const env = { ...command.env, ...Object.fromEntries(urlVariables.map((variable) => [variable, databaseUrl])) }
  try {
    await runCommand({ ...command, env }, { signal, onLine })
  } catch (cause) {
    if (isEngineError(cause, 'ABORTED')) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new EngineError('MIGRATION_FAILED', [`The migrations failed: ${reason}`, ...last].join('\n'), {
      cause,
      detail: { inspector: name },
    })
  }
}

/** Takes the database's URL and password out of what a program prints. */
function redactor(databaseUrl: string): (line: string) => string {
  // Not by URL: that refuses the form with an empty host, which names a unix socket.
  const password = /^[a-z]+:\/\/[^:@/]*:([^@]+)@/.exec(databaseUrl)?.[1]
  const keyPassword = /[?&]sslpassword=([^&]+)/.exec(databaseUrl)?.[1]
  const parts = [password, keyPassword].filter((part) => part !== undefined)
  const secrets = [databaseUrl, ...parts.flatMap((part) => [part, decoded(part)])]
  return (line) => secrets.reduce((text, secret) => text.replaceAll(secret, '***'), line)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
