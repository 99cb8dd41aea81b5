import { EngineError, isEngineError } from '../errors.ts'
import { type ClientTools, toolFailure } from './client-tools.ts'
import type { ConnectionParameters } from './connection.ts'
import { dumpPattern, dumpSchemaPattern, type Exclusions, noExclusions } from './excluded.ts'
import { quoteIdentifier } from './identifiers.ts'
import { loadExeca } from './load-execa.ts'
import { withToolConnection } from './tool-connection.ts'

export interface DumpSchemaOptions {
  /** Id of an exported snapshot; what is dumped is what it sees. */
  snapshot?: string
  exclude?: Exclusions
  /**
   * The server's encoding, in which the rows are. Else names are written in what database or role set for their clients,
   * and an export says of its rows that they are in that.
   */
  encoding: string
  /** Our own schemas, to be left out: `ExportedSnapshot.bookkeeping`. */
  bookkeeping: readonly string[]
  /** How long pg_dump may wait for a lock; see `ExportedSnapshotOptions.lockBudgetMs`. */
  lockBudgetMs?: number | 'wait'
  signal?: AbortSignal
}

/** The largest archive of definitions that is taken, in bytes. */
const maxBytes = 1024 * 1024 * 1024

/**
 * The definitions of a database as pg_dump writes them: a custom-format archive without rows, uncompressed.
 *
 * @throws EngineError `CLIENT_TOOL_FAILED` with what pg_dump said, `LOCK_BUDGET`, `ABORTED`.
 */
export async function dumpSchema(
  tools: ClientTools,
  parameters: ConnectionParameters,
  options: DumpSchemaOptions,
): Promise<Buffer> {
  const { snapshot, exclude = noExclusions, encoding, bookkeeping, lockBudgetMs = 'wait', signal } = options
  const excluded = [
    ...exclude.tables.map((name) => `--exclude-table=${dumpPattern(name)}`),
    ...exclude.schemas.map((name) => `--exclude-schema=${dumpSchemaPattern(name)}`),
    ...bookkeeping.map((name) => `--exclude-schema=${quoteIdentifier(name)}`),
  ]
  const args = [
    '--format=custom',
    '--schema-only',
    '--compress=0',
    '--no-password',
    `--encoding=${encoding}`,
    ...(snapshot === undefined ? [] : [`--snapshot=${snapshot}`]),
    ...(lockBudgetMs === 'wait' ? [] : [`--lock-wait-timeout=${lockBudgetMs}`]),
    ...excluded,
  ]
  return withToolConnection(parameters, 'schema', async (env) => {
    const execa = await loadExeca()
    const result = await execa(tools.pgDump, args, {
      env,
      extendEnv: false,
      stdin: 'ignore',
      encoding: 'buffer',
      // Else an archive whose last byte happens to be a newline would lose it.
      stripFinalNewline: false,
      maxBuffer: maxBytes,
      cancelSignal: signal,
      forceKillAfterDelay: 2000,
      reject: false,
    })
    if (!result.failed) {
      const { buffer, byteOffset, byteLength } = result.stdout
      return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
    }
    if (signal?.aborted) {
      const { reason } = signal
      throw isEngineError(reason) ? reason : new EngineError('ABORTED', 'Interrupted.', { cause: reason })
    }
    const said = Buffer.from(result.stderr).toString()
    // Not by the server's message, which may be in any language: pg_dump was waiting for a lock, and for that long.
    if (lockBudgetMs !== 'wait' && said.includes('LOCK TABLE') && result.durationMs >= lockBudgetMs) {
      throw new EngineError('LOCK_BUDGET', `pg_dump waited ${lockBudgetMs} ms for a locked table: ${said.trim()}`)
    }
    throw toolFailure('pg_dump', said, result.exitCode, result.code)
  })
}
