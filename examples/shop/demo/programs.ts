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
  /** Runs the `lifeboat` command in the shop's folder, as its owner would, and shows its output but for lines to hide. */
  lifeboat(args: string[], options?: { hide?: RegExp }): Promise<string>
  /** Runs another program; its output is returned. */
  run(file: string, args: string[]): Promise<string>
}

export function createPrograms(narrator: Narrator, environment: Environment, signal: AbortSignal): Programs {
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: process.env.HOME ?? '/', ...environment }
  const start = async (file: string, args: string[], show: (line: string) => void): Promise<string> => {
    const child = spawn(file, args, { cwd: shopFolder, env, stdio: ['ignore', 'pipe', 'pipe'], signal })
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
    if (code !== 0) throw new Error(`${[basename(file), ...args].join(' ')} ended with ${code}.\n${errors.join('\n')}`)
    return output.join('\n')
  }
  return {
    lifeboat(args, { hide } = {}) {
      narrator.command(`lifeboat ${args.map(quoted).join(' ')}`)
      return start(process.execPath, [lifeboatProgram, ...args], (line) => hide?.test(line) || narrator.say(line))
    },
    run: (file, args) => start(file, args, () => {}),
  }
}

function quoted(argument: string): string {
  return /^[\w./:=@-]+$/.test(argument) ? argument : `'${argument}'`
}
