import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { indented, type Narrator } from './narrator.ts'

const shopFolder = fileURLToPath(new URL('..', import.meta.url))
const lifeboatProgram = fileURLToPath(new URL('../../../packages/cli/bin/lifeboat.mjs', import.meta.url))

/** What the programs of the demo find in their environment. */
export type Environment = Readonly<Record<string, string>>

export interface Programs {
  /** Runs the `lifeboat` command in the shop's folder, as its owner would; its output is shown and returned. */
  lifeboat(args: string[], options?: { expect?: number; show?: boolean }): Promise<string>
  /** Runs another program; its output is returned. */
  run(file: string, args: string[]): Promise<string>
}

export function createPrograms(narrator: Narrator, environment: Environment, signal: AbortSignal): Programs {
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: process.env.HOME ?? '/', ...environment }
  const start = (file: string, args: string[], show: boolean) =>
    new Promise<{ code: number | null; output: string; errors: string }>((resolve, reject) => {
      const child = spawn(file, args, {
        cwd: shopFolder,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
        signal,
        killSignal: 'SIGTERM',
      })
      let [output, errors] = ['', '']
      child.stdout.on('data', (data) => {
        output += data
        if (show) process.stdout.write(indented(String(data)))
      })
      child.stderr.on('data', (data) => {
        errors += data
        if (show) process.stdout.write(indented(String(data)))
      })
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, output, errors }))
    })
  return {
    async lifeboat(args, { expect = 0, show = true } = {}) {
      if (show) narrator.command(`lifeboat ${args.map(quoted).join(' ')}`)
      const { code, output, errors } = await start(process.execPath, [lifeboatProgram, ...args], show)
      if (code !== expect)
        throw new Error(`lifeboat ${args[0]} ended with ${code}, not ${expect}.\n${show ? '' : errors}`)
      return output
    },
    async run(file, args) {
      const { code, output, errors } = await start(file, args, false)
      if (code !== 0) throw new Error(`${file} ended with ${code}.\n${errors}`)
      return output
    },
  }
}

function quoted(argument: string): string {
  return /^[\w./:=@-]+$/.test(argument) ? argument : `'${argument}'`
}
