import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from '../cli/run-cli.ts'
import { runNode } from './run-node.ts'

let folder: string
let env: Record<string, string>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-kit-'))
  env = { LIFEBOAT_REPOSITORY: join(folder, 'backups'), LIFEBOAT_PASSPHRASE: 'the one of the host' }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('a kit with a key of its own opens the repository, typed in from the page', async () => {
  const cli = (args: string[], given: Record<string, string>) => runCli(args, { cwd: folder, env: given })
  const { LIFEBOAT_REPOSITORY: repository = '' } = env
  expect(await cli(['init', '--quiet'], env)).toMatchObject({ code: 0 })
  const bare = await cli(['recovery-kit'], env)
  expect(bare.stdout).toContain('It holds no secret.')

  const { stdout: page } = await cli(['recovery-kit', '--new-key'], env)
  expect(page).toContain('IT HOLDS A KEY THAT OPENS EVERYTHING.')
  expect(page).toContain('--key-file key.txt')
  const typed = page
    .split('\n')
    .filter((line) => /^ {2}[1-4] {2}/.test(line))
    .join('\n')
  await writeFile(join(folder, 'key.txt'), `${typed}\n`)
  const keys = await cli(['key', 'list', '--json', '--key-file', 'key.txt'], { LIFEBOAT_REPOSITORY: repository })
  expect(keys.json()).toMatchObject({
    keys: [
      { kind: 'passphrase', opened_with: false },
      { kind: 'raw_key', label: expect.stringContaining('recovery kit of 20'), opened_with: true },
    ],
  })
  const program = join(repository, 'recover.mjs')
  expect(await runNode([program, 'list', repository, '--key-file', join(folder, 'key.txt')])).toMatchObject({ code: 0 })

  const digit = /([0-9a-f])(?= {2}\w\w$)/m.exec(typed)?.[1] === '0' ? '1' : '0'
  await writeFile(join(folder, 'key.txt'), typed.replace(/[0-9a-f](?= {2}\w\w$)/m, digit))
  const slip = await cli(['key', 'list', '--json', '--key-file', 'key.txt'], { LIFEBOAT_REPOSITORY: repository })
  expect(slip.json()).toMatchObject({ error: { code: 'USAGE', message: expect.stringContaining('Line 1') } })
  const wrong = await runNode([program, 'list', repository, '--key-file', join(folder, 'key.txt')])
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('The key is wrong') })
})
