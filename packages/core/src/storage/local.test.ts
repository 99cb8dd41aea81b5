import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chown, mkdir, mkdtemp, readdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isEngineError } from '../errors.ts'
import { whereTimeGoesBy } from '../testing/stopwatch.ts'
import { createLocalStorage } from './local.ts'
import { toStorageError } from './local-errors.ts'
import type { Storage } from './storage.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lifeboat-local-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

const one = Buffer.from('1')
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (isEngineError(error) ? error.code : String(error)),
  )
async function list(storage: Storage) {
  const names: string[] = []
  for await (const { name } of storage.list('')) names.push(name)
  return names.sort()
}

test.skipIf(process.getuid?.() !== 0)('what root makes in the folder of another user is that user’s', async () => {
  const folder = join(root, 'theirs')
  await mkdir(folder)
  await chown(folder, 65_534, 65_533)
  await createLocalStorage(folder).put('packs/ab/one', one, { ifAbsent: true })
  await createLocalStorage(folder).put('packs/ab/two', one)
  for (const path of ['packs', 'packs/ab', 'packs/ab/one', 'packs/ab/two'])
    expect(await stat(join(folder, path)), path).toMatchObject({ uid: 65_534, gid: 65_533 })
  const own = createLocalStorage(join(root, 'own'), { create: true })
  await own.put('packs/ab/one', one)
  expect(await stat(join(root, 'own/packs/ab/one'))).toMatchObject({ uid: 0 })
})

test('folders are 0700 and files 0600, whatever the umask', async () => {
  const before = process.umask(0)
  try {
    const storage = createLocalStorage(join(root, 'made/here'), { create: true })
    await storage.put('packs/ab/one', one)
    const mode = async (path: string) => ((await stat(join(root, path))).mode & 0o777).toString(8)
    expect(await mode('made/here')).toBe('700')
    expect(await mode('made/here/packs')).toBe('700')
    expect(await mode('made/here/packs/ab')).toBe('700')
    expect(await mode('made/here/packs/ab/one')).toBe('600')
  } finally {
    process.umask(before)
  }
})

test('a folder that is not there is STORAGE_GONE, or empty until the first put where it may be made', async () => {
  const path = join(root, 'absent')
  const strict = createLocalStorage(path)
  for (const operation of [
    () => strict.put('a', one),
    () => strict.get('a'),
    () => strict.stat('a'),
    () => strict.delete('a'),
    () => list(strict),
    () => strict.freeBytes?.() ?? Promise.resolve(0),
  ])
    expect(await codeOf(operation())).toBe('STORAGE_GONE')

  const making = createLocalStorage(path, { create: true })
  expect(await list(making)).toEqual([])
  expect(await making.stat('a')).toBe(null)
  expect(await readdir(root)).toEqual([])
  await making.put('a', one)
  expect(await list(strict)).toEqual(['a'])
})

test('a folder that vanishes is never made again', async () => {
  const path = join(root, 'repository')
  const storage = createLocalStorage(path, { create: true })
  await storage.put('config', one)
  await rename(path, join(root, 'elsewhere'))
  for (const operation of [
    () => storage.put('packs/ab/one', one),
    () => storage.put('config', one),
    () => storage.get('config'),
    () => storage.stat('config'),
    () => storage.delete('config'),
    () => list(storage),
  ])
    expect(await codeOf(operation())).toBe('STORAGE_GONE')
  expect(await readdir(root)).toEqual(['elsewhere'])
  await rename(join(root, 'elsewhere'), path)
  expect(await list(storage)).toEqual(['config'])
})

test('another folder in its place (an unmounted mount point) is STORAGE_GONE; the same one mounted again is not', async () => {
  const path = join(root, 'repository')
  const storage = createLocalStorage(path, { create: true })
  await storage.put('config', one)
  await rename(path, join(root, 'elsewhere'))
  await mkdir(path)
  expect(await codeOf(storage.put('packs/ab/one', one))).toBe('STORAGE_GONE')
  expect(await codeOf(storage.get('config'))).toBe('STORAGE_GONE')
  expect(await codeOf(list(storage))).toBe('STORAGE_GONE')
  expect(await readdir(path)).toEqual([])
  await writeFile(join(path, 'config'), 'x')
  await storage.put('packs/ab/one', one)
})

test('a file where the folder should be is STORAGE_GONE', async () => {
  await writeFile(join(root, 'file'), '')
  expect(await codeOf(createLocalStorage(join(root, 'file')).put('a', one))).toBe('STORAGE_GONE')
})

test('what is not an object is not listed: unfinished files, links, foreign names', async () => {
  const storage = createLocalStorage(root)
  await storage.put('packs/ab/one', one)
  await writeFile(join(root, 'packs/ab/.unfinished-0123'), 'half')
  await writeFile(join(root, 'packs/not a name'), '')
  await mkdir(join(root, 'lost+found'))
  await writeFile(join(root, 'lost+found/one'), '')
  await symlink('/etc/passwd', join(root, 'packs/link'))
  await symlink('/', join(root, 'packs/loop'))
  expect(await list(storage)).toEqual(['packs/ab/one'])
  expect(await storage.stat('packs/link')).toBe(null)
})

test('leftovers are removed once they are old, and only they', async () => {
  const storage = createLocalStorage(root)
  await storage.put('packs/ab/one', one)
  const old = new Date(Date.now() - 2 * 3600_000)
  for (const name of ['old', 'new']) await writeFile(join(root, `packs/ab/.unfinished-${name}`), 'half')
  await utimes(join(root, 'packs/ab/.unfinished-old'), old, old)
  await utimes(join(root, 'packs/ab/one'), old, old)
  await writeFile(join(root, '.mine'), '')
  await utimes(join(root, '.mine'), old, old)
  expect(await storage.sweepLeftovers?.()).toBe(1)
  expect((await readdir(join(root, 'packs/ab'))).sort()).toEqual(['.unfinished-new', 'one'])
  expect(await readdir(root)).toContain('.mine')
  expect(await list(storage)).toEqual(['packs/ab/one'])
})

test('a put that fails leaves nothing behind', async () => {
  const storage = createLocalStorage(root)
  await whereTimeGoesBy(async () => {
    await storage.delete('big')
    const abort = new AbortController()
    const put = storage.put('big', randomBytes(32 * 1024 * 1024), { signal: abort.signal })
    setTimeout(() => abort.abort(), 5)
    expect(await codeOf(put)).toBe('ABORTED')
  })
  await mkdir(join(root, 'taken'))
  expect(await codeOf(storage.put('taken', one))).toBe('STORAGE_FAILED')
  expect(await readdir(root)).toEqual(['taken'])
})

test('system errors become the errors of the contract', () => {
  const of = (code: string) => {
    const error = toStorageError(Object.assign(new Error(code), { code }), 'write a', '/somewhere')
    return isEngineError(error) ? error.code : undefined
  }
  expect(['ENOSPC', 'EDQUOT'].map(of)).toEqual(['STORAGE_FULL', 'STORAGE_FULL'])
  expect(['ESTALE', 'ENODEV', 'ENOTCONN'].map(of)).toEqual(['STORAGE_GONE', 'STORAGE_GONE', 'STORAGE_GONE'])
  expect(['EACCES', 'EPERM'].map(of)).toEqual(['STORAGE_DENIED', 'STORAGE_DENIED'])
  expect(['EIO', 'EROFS', 'EMFILE'].map(of)).toEqual(Array(3).fill('STORAGE_FAILED'))
})

const canMount = (() => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

test.skipIf(!canMount)('a full disk is STORAGE_FULL, and nothing half-written is seen or left', async () => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', root])
  try {
    const storage = createLocalStorage(root)
    await storage.put('packs/ab/fits', randomBytes(600_000))
    expect(await codeOf(storage.put('packs/ab/does-not', randomBytes(600_000)))).toBe('STORAGE_FULL')
    expect(await codeOf(storage.put('packs/ab/fits', randomBytes(600_000)))).toBe('STORAGE_FULL')
    expect(await list(storage)).toEqual(['packs/ab/fits'])
    expect(await readdir(join(root, 'packs/ab'))).toEqual(['fits'])
    expect((await storage.get('packs/ab/fits')).length).toBe(600_000)
  } finally {
    execFileSync('umount', [root])
  }
})

test('of processes that compete for a name one wins', async () => {
  const local = new URL('./local.ts', import.meta.url).href
  const script = `
    const { createLocalStorage } = await import(${JSON.stringify(local)})
    const storage = createLocalStorage(${JSON.stringify(root)})
    const won = []
    for (let n = 0; n < 100; n++)
      if (await storage.put('numbers/' + n, Buffer.alloc(1000, process.argv[1]), { ifAbsent: true })) won.push(n)
    console.log(JSON.stringify(won))`
  const outputs = await Promise.all(
    ['a', 'b', 'c'].map(async (letter) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script, letter])
      let output = ''
      child.stdout.on('data', (data) => {
        output += data
      })
      await once(child, 'close')
      return { letter, won: JSON.parse(output) as number[] }
    }),
  )
  const storage = createLocalStorage(root)
  expect(outputs.flatMap(({ won }) => won).sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n))
  for (const { letter, won } of outputs)
    for (const n of won) expect((await storage.get(`numbers/${n}`)).equals(Buffer.alloc(1000, letter))).toBe(true)
})

test('a process killed while it writes leaves whole objects only', async () => {
  const local = new URL('./local.ts', import.meta.url).href
  const script = `
    const { createLocalStorage } = await import(${JSON.stringify(local)})
    const storage = createLocalStorage(${JSON.stringify(root)})
    console.log('go')
    for (let n = 0; ; n++) await storage.put('object/' + (n % 7), Buffer.alloc(300_000, n), { ifAbsent: n < 7 })`
  for (let round = 0; round < 6; round++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script])
    await once(child.stdout, 'data')
    setTimeout(() => child.kill('SIGKILL'), 20 + round * 15)
    await once(child, 'close')
    const storage = createLocalStorage(root)
    for await (const { name, bytes } of storage.list('')) {
      expect(bytes).toBe(300_000)
      const data = await storage.get(name)
      expect(data.equals(Buffer.alloc(300_000, data[0]))).toBe(true)
    }
  }
})
