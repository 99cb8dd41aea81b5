import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../structure/sources.ts'
import { codeBlocks } from './markdown.ts'

export const bin = join(root, 'packages/cli/bin/lifeboat.mjs')

/** What the run has compiled already: nothing of it is written into the folders that are looked at. */
const compiled = { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(tmpdir(), 'lifeboat-compiled') }

export interface Ended {
  code: number
  stdout: string
  stderr: string
}

export const start = (program: string, args: string[], cwd: string, env: Record<string, string>) =>
  new Promise<Ended>((resolve) => {
    const options = {
      cwd,
      env: { PATH: process.env.PATH ?? '', HOME: cwd, ...compiled, ...env },
      maxBuffer: 16 << 20,
    }
    execFile(program, args, options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    )
  })

/** Words of a line, as bash makes them: quotes, and variables outside of single ones. */
export function shellWords(line: string, env: Record<string, string>): string[] {
  const expand = (text: string) => text.replaceAll(/\$(\w+)/g, (_, name: string) => env[name] ?? '')
  return [...line.matchAll(/(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+/g)].map(([word]) =>
    [...word.matchAll(/'([^']*)'|"([^"]*)"|\\(.)|([^'"\\]+)/g)]
      .map(([, single, double, escaped, bare]) => single ?? escaped ?? expand(double ?? bare ?? ''))
      .join(''),
  )
}

/** The lines of one chapter of a plan, as they are pasted into a shell. */
export const linesOf = (plan: string, heading: string): string[] =>
  codeBlocks(plan.replaceAll(/^ {3,4}/gm, ''), heading).flatMap(({ text }) => text.trim().split('\n'))

/**
 * A shell in an empty folder in which nothing is set. What is in capitals in a line is replaced by what `filledIn` has for
 * it; `npm install` gives the command of this tree.
 */
export async function openMachine(folder: string, filledIn: Record<string, string>) {
  await mkdir(folder)
  const env: Record<string, string> = {}
  return {
    env,
    async run(line: string, more: string[] = []): Promise<Ended> {
      const filled = Object.entries(filledIn).reduce((text, [from, to]) => text.replace(from, to), line)
      const [program = '', ...args] = shellWords(filled, env)
      if (program === 'npm') return { code: args[0] === 'install' ? 0 : 1, stdout: args.slice(1).join(' '), stderr: '' }
      if (program === 'export') {
        const [name = '', ...value] = (args[0] ?? '').split('=')
        env[name] = value.join('=')
        return { code: 0, stdout: '', stderr: '' }
      }
      if (program !== 'npx') return start(program, args, folder, env)
      if (args.shift() !== 'lifeboat') throw new Error(`Another command: ${line}`)
      return start(process.execPath, [bin, ...args, ...more], folder, env)
    },
  }
}
