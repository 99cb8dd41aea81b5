import { execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** PostgreSQL's own programs, as a yardstick. `folder` names those of another version; else they are on the PATH. */
export function stockTools(folder?: string) {
  const program = (name: string) => (folder === undefined ? name : `${folder}/${name}`)
  return {
    /** Standard output of pg_dump. */
    async dump(url: string, args: string[] = []): Promise<Buffer> {
      const { stdout } = await run(program('pg_dump'), [...args, url], { encoding: 'buffer', maxBuffer: 2 ** 30 })
      return stdout
    },
    async list(file: string): Promise<string> {
      return (await run(program('pg_restore'), ['--list', file], { maxBuffer: 2 ** 30 })).stdout
    },
    async restore(url: string, args: string[]): Promise<void> {
      const outcome = run(program('pg_restore'), ['-d', url, ...args], { maxBuffer: 2 ** 30 })
      await outcome.catch((error: { stderr: string }) => refuseErrors(error.stderr))
    },
    /** The script pg_restore makes of an archive. */
    async script(archive: string, file: string): Promise<void> {
      await run(program('pg_restore'), ['-f', file, archive])
    },
    /** pg_restore reading an archive from a pipe. */
    restoreFromPipe(url: string, bytes: Uint8Array): Promise<void> {
      return new Promise((resolve, reject) => {
        const child = spawn(program('pg_restore'), ['-d', url], {
          stdio: ['pipe', 'ignore', 'pipe'],
        })
        let errors = ''
        child.stderr.on('data', (data) => {
          errors += data
        })
        child.on('error', reject)
        child.on('close', () => {
          try {
            refuseErrors(errors)
            resolve()
          } catch (error) {
            reject(error)
          }
        })
        child.stdin.on('error', () => {})
        child.stdin.end(bytes)
      })
    },
  }
}

/** Runs a script of our own making the way a user would: with psql, which stops at the first error. */
export async function runScript(url: string, file: string): Promise<void> {
  await run('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', file, url], { maxBuffer: 2 ** 30 })
}

/** A pg_restore newer than the server sets a parameter the server does not have, and goes on; anything else counts. */
function refuseErrors(output: string): void {
  const lines = output.split('\n').filter((line) => /\b(error|fatal|warning):/i.test(line))
  const others = lines.filter((line) => !/transaction_timeout|errors ignored on restore/.test(line))
  if (others.length > 0 || (lines.length === 0 && output !== '')) throw new Error(output)
}

/** A listing without what differs from one archive to another: comments, ids and oids. */
export function listedObjects(list: string): string[] {
  return list
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(';'))
    .map((line) => line.replace(/^\d+; \d+ \d+ /, ''))
}

/** A plain dump without what pg_dump makes up at random or by the clock. */
export function comparableDump(dump: Buffer): string {
  return dump
    .toString()
    .split('\n')
    .filter((line) => !/^\\(un)?restrict |^-- (Started|Completed) on /.test(line))
    .join('\n')
}
