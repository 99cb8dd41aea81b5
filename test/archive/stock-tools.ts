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
      await run(program('pg_restore'), ['--exit-on-error', '-d', url, ...args], { maxBuffer: 2 ** 30 })
    },
    /** pg_restore reading an archive from a pipe. */
    restoreFromPipe(url: string, bytes: Uint8Array): Promise<void> {
      return new Promise((resolve, reject) => {
        const child = spawn(program('pg_restore'), ['--exit-on-error', '-d', url], {
          stdio: ['pipe', 'ignore', 'pipe'],
        })
        let errors = ''
        child.stderr.on('data', (data) => {
          errors += data
        })
        child.on('error', reject)
        child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(errors))))
        child.stdin.on('error', () => {})
        child.stdin.end(bytes)
      })
    },
  }
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
