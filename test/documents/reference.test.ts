import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createProgram } from '../../packages/cli/src/program.ts'
import { engineOptionsSchema } from '../../packages/core/src/config.ts'
import { runTimeConfigSchema } from '../../packages/core/src/policy/run-time-config.ts'
import { root } from '../structure/sources.ts'
import { readDocument } from './markdown.ts'

/** References say everything there is, and nothing that is not. */
const bin = join(root, 'packages/cli/bin/lifeboat.mjs')

/** What the command itself prints, as a process. */
function mainHelp(): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [bin, '--help'], (error, stdout) => (error ? reject(error) : resolve(stdout)))
  })
}

/** The same of one command, by what the process calls: 88 processes would take 20 s of processor time. */
async function helpOf(name: string): Promise<string> {
  const program = await createProgram([name, '--help'], new AbortController().signal)
  const command = program.commands.find((one) => one.name() === name)
  if (!command) throw new Error(`There is no command "${name}".`)
  return command.helpInformation()
}

const sorted = (names: Iterable<string>) => [...new Set(names)].sort()
const found = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = '']) => name)

test('docs/cli.md has every command with every option', async () => {
  const document = readDocument('docs/cli.md')
  const sections = document.split(/^### `/m).slice(1)
  const common = found(document.split('## Commands')[0] ?? '', /^\| `(--[\w-]+)/gm)
  const commands = found(await mainHelp(), /^ {2}([a-z][a-z-]*) .*\S$/gm).filter(
    (name) => name !== 'help' && name !== 'lifeboat',
  )
  expect(sorted(sections.map((section) => /^[\w-]+/.exec(section)?.[0] ?? ''))).toEqual(sorted(commands))
  expect(commands.length).toBeGreaterThan(20)
  for (const section of sections) {
    const [name = ''] = /^[\w-]+/.exec(section) ?? []
    const options = found(await helpOf(name), /^ {2}(--[\w-]+)/gm)
    expect(sorted([...common, ...found(section, /^\| `(--[\w-]+)/gm)]), name).toEqual(sorted(options))
  }
})

test('docs/configuration.md has every option', () => {
  const document = readDocument('docs/configuration.md')
  const rows = found(document, /^\| (`.*?) \|/gm).flatMap((cell) => found(cell, /`([\w.]+)`/g))
  const names = Object.entries(engineOptionsSchema.shape).flatMap(([name, schema]) => {
    const inner = ['exclude', 'resources', 'throttle'].includes(name) ? Object.keys(schema.parse({}) as object) : []
    return inner.length > 0 ? inner.map((part) => `${name}.${part}`) : [name]
  })
  expect(sorted(rows)).toEqual(sorted([...names, ...Object.keys(runTimeConfigSchema.shape)]))
})
