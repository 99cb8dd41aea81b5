import { spawn } from 'node:child_process'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Narrator } from './narrator.ts'

const shopFolder = fileURLToPath(new URL('..', import.meta.url))
const lifeboatProgram = fileURLToPath(new URL('../../../packages/cli/bin/lifeboat.mjs', import.meta.url))

/** What the programs of the demo find in their environment. */
export type Environment = Readonly<Record<string, string>>

export interface Programs {
  /** Runs the `lifeboat` command in the application's folder, as its owner would, and shows its output. */
  lifeboat(args: string[], options?: { hide?: RegExp; exit?: number }): Promise<string>
  /** Runs another program; its output is returned. */
  run(file: string, args: string[]): Promise<string>
}

export interface Ground {
  narrator: Narrator
  signal: AbortSignal
  /** Where the application's lifeboat.config.ts is; without it, the shop. */
  cwd?: string
}

export function createPrograms(environment: Environment, { narrator, signal, cwd = shopFolder }: Ground): Programs {
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: process.env.HOME ?? '/', ...environment }
  const start = async (file: string, args: string[], show: (line: string) => void, exit = 0): Promise<string> => {
    const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], signal })
    const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve))
    const errors: string[] = []
    const output: string[] = []
    createInterface(child.stdout).on('line', (line) => {
      output.push(line)
      show(line)
    })
    createInterface(child.stderr).on('line', (line) => {
      errors.push(line)
      show(line)
    })
    const code = await ended
    if (code !== exit)
      throw new Error(`${[basename(file), ...args].join(' ')} ended with ${code}.\n${errors.join('\n')}`)
    return output.join('\n')
  }
  return {
    lifeboat(args, { hide, exit } = {}) {
      narrator.command(`lifeboat ${args.map(quoted).join(' ')}`)
      const show = (line: string) => hide?.test(line) || narrator.say(line)
      return start(process.execPath, [lifeboatProgram, ...args], show, exit)
    },
    run: (file, args) => start(file, args, () => {}),
  }
}

function quoted(argument: string): string {
  return /^[\w./:=@-]+$/.test(argument) ? argument : `'${argument}'`
}
