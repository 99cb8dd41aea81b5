import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const bin = fileURLToPath(new URL('../../packages/cli/bin/lifeboat.mjs', import.meta.url))
const run = promisify(execFile)
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-cache-test-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const version = (name: string, env: Record<string, string> = {}) =>
  run(process.execPath, [bin, '--version'], {
    env: { XDG_CACHE_HOME: join(folder, name), TMPDIR: join(folder, `${name}-tmp`), ...env },
  })

test('what is compiled is kept, where only the user may write', async () => {
  expect((await version('own')).stderr).toBe('')
  const kept = join(folder, 'own', 'lifeboat')
  expect((await stat(kept)).mode & 0o777).toBe(0o700)
  expect(await readdir(kept)).not.toEqual([])
})

test('a folder that others may write to is not read from', async () => {
  const open = join(folder, 'open', 'lifeboat')
  await mkdir(open, { recursive: true })
  await chmod(open, 0o777)
  expect((await version('open')).stderr).toBe('')
  expect(await readdir(open)).toEqual([])
})

test('no home is made for a user who has none', async () => {
  const home = join(folder, 'no-home')
  const env = { XDG_CACHE_HOME: '', HOME: home, TMPDIR: join(folder, 'no-home-tmp') }
  expect((await version('none', env)).stderr).toBe('')
  await expect(stat(home)).rejects.toMatchObject({ code: 'ENOENT' })
  expect(await readdir(env.TMPDIR)).toHaveLength(1)
})

test('without a place to keep it, and when it is switched off, the command just runs', async () => {
  const nowhere = { XDG_CACHE_HOME: '/dev/null/x', TMPDIR: '/dev/null/x' }
  expect(await version('nowhere', nowhere)).toMatchObject({ stderr: '', stdout: expect.stringMatching(/^\d+\./) })
  await version('off', { NODE_DISABLE_COMPILE_CACHE: '1' })
  expect(await readdir(join(folder, 'off', 'lifeboat'))).toEqual([])
})
