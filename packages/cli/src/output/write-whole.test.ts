import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeWhole } from './write-whole.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-write-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('a file is there once it is whole, for its owner alone', async () => {
  const path = join(folder, 'plan.md')
  await writeFile(path, 'before')
  await writeWhole(path, async (stream) => {
    stream.write('after')
    expect(await readFile(path, 'utf8')).toBe('before')
  })
  expect(await readFile(path, 'utf8')).toBe('after')
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('what fails leaves the file as it was, and nothing else', async () => {
  const path = join(folder, 'plan.md')
  await writeFile(path, 'before')
  const fails = writeWhole(path, (stream) => {
    stream.write('half')
    throw new Error('no more')
  })
  await expect(fails).rejects.toThrow('no more')
  expect(await readFile(path, 'utf8')).toBe('before')
  expect(await readdir(folder)).toEqual(['plan.md'])
})

test.each(['missing/plan.md', '.'])('%s cannot be written, and that is said', async (name) => {
  const path = join(folder, name)
  await expect(writeWhole(path, (stream) => stream.write('x'))).rejects.toMatchObject({ code: 'USAGE' })
  expect((await readdir(folder)).filter((one) => one.endsWith('.partial'))).toEqual([])
})
