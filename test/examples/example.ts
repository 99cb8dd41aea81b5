import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../structure/sources.ts'

export interface RunningExample {
  /** Ends it as Ctrl-C does; its exit code. */
  stop(): Promise<number | null>
  signal(name: NodeJS.Signals): void
}

/** Starts an example as `npm start -w examples/<name>` does, or another script of it, without the build before it. */
export async function startExample(
  name: string,
  env: Record<string, string> = {},
  script = 'start',
): Promise<RunningExample> {
  const cwd = join(root, 'examples', name)
  const { scripts } = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8'))
  const [program, ...args] = (scripts[script] as string).split(' ')
  if (program !== 'node') throw new Error(`"${script}" of ${name} is not a node program.`)
  const child = spawn(process.execPath, args, {
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const ready = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => {
        output += data
        if (output.includes('Listening at ')) resolve()
      })
    child.once('close', (code) => reject(new Error(`The example ended with ${code}: ${output}`)))
  })
  await ready
  return {
    signal: (name) => void child.kill(name),
    stop() {
      child.kill('SIGINT')
      return ended
    },
  }
}

export interface CurlAnswer {
  status: number
  body: Record<string, unknown>
}

/** Runs curl with the arguments of a documented line. */
export function curl(args: readonly string[]): Promise<CurlAnswer> {
  return new Promise((resolve, reject) => {
    execFile('curl', ['-s', '-w', '\n%{http_code}', ...args], (error, stdout) => {
      if (error) return reject(error)
      const at = stdout.lastIndexOf('\n')
      const text = stdout.slice(0, at)
      resolve({ status: Number(stdout.slice(at + 1)), body: text === '' ? {} : JSON.parse(text) })
    })
  })
}
