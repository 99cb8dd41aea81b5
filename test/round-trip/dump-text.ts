import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A database as `pg_dump` writes it in plain text, without what differs from run to run. */
export async function dumpText(clientTools: string, databaseUrl: string, options: string[] = []): Promise<string> {
  const { stdout } = await run(join(clientTools, 'pg_dump'), [...options, '--dbname', databaseUrl], {
    maxBuffer: 1 << 30,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
  })
  return stdout
    .split('\n')
    .filter((line) => !/^(\\(un)?restrict |-- Dumped (from|by) |SET transaction_timeout)/.test(line))
    .join('\n')
}

/**
 * Stock pg_restore of an archive into a database. Any error of it is ours, but for one: pg_restore 17 sets a parameter
 * that an older server does not know, whatever the archive.
 */
export async function stockRestore(
  clientTools: string,
  databaseUrl: string,
  archive: string,
  options: string[] = [],
): Promise<void> {
  // In pieces: what the processes of `-j` write comes in between one another.
  const known =
    /pg_restore:|error: |could not execute query: ERROR: {2}unrecognized configuration parameter "transaction_timeout"|Command was: SET transaction_timeout = 0;|warning: |errors ignored on restore: \d+/g
  try {
    await run(join(clientTools, 'pg_restore'), [...options, '--dbname', databaseUrl, archive], {
      maxBuffer: 1 << 28,
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    })
  } catch (error) {
    const { stderr } = error as { stderr: string }
    if (stderr.replace(known, '').trim() !== '') throw error
  }
}

export async function listArchive(clientTools: string, archive: string): Promise<string> {
  const { stdout } = await run(join(clientTools, 'pg_restore'), ['--list', archive], { maxBuffer: 1 << 28 })
  return stdout
}

/** The first lines in which two dumps differ, so that a failing test says what is wrong. Empty: they are equal. */
export function firstDifferences(expected: string, actual: string, most = 30): string[] {
  if (expected === actual) return []
  const want = expected.split('\n')
  const got = actual.split('\n')
  const gotSet = new Map<string, number>()
  for (const line of got) gotSet.set(line, (gotSet.get(line) ?? 0) + 1)
  const missing: string[] = []
  for (const line of want) {
    const left = gotSet.get(line) ?? 0
    if (left > 0) gotSet.set(line, left - 1)
    else missing.push(`- ${line.slice(0, 300)}`)
  }
  const extra = [...gotSet].flatMap(([line, count]) => (count > 0 ? [`+ ${line.slice(0, 300)}`] : []))
  const differences = [...missing.slice(0, most), ...extra.slice(0, most)]
  if (differences.length > 0) return differences
  const at = want.findIndex((line, index) => line !== got[index])
  return [`order differs at line ${at}`, `- ${want[at]}`, `+ ${got[at]}`]
}
