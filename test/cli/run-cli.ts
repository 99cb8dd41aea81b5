import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../packages/cli/bin/lifeboat.mjs', import.meta.url))

export interface CliResult {
  code: number | null
  stdout: string
  stderr: string
  /** stdout as the one JSON document it must be with --json. */
  json(): unknown
}

/** Runs the built command as a shell would: no terminal, an environment of its own. */
export function runCli(
  args: string[],
  options: {
    env?: Record<string, string>
    cwd?: string
    /** What the standard input holds; default: nothing. */
    input?: string
    signalWhen?: { stderr: RegExp; signal: NodeJS.Signals }
  } = {},
): Promise<CliResult> {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: options.cwd,
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => {})
  child.stdin.end(options.input)
  return new Promise((resolve, reject) => {
    let stdout = ''
    let stderr = ''
    let signalled = false
    child.stdout.on('data', (data) => {
      stdout += data
    })
    child.stderr.on('data', (data) => {
      stderr += data
      if (options.signalWhen && !signalled && options.signalWhen.stderr.test(stderr)) {
        signalled = true
        child.kill(options.signalWhen.signal)
      }
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr, json: () => JSON.parse(stdout) }))
  })
}
