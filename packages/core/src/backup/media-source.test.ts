import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFile, chmod, link, mkdir, mkdtemp, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { list } from 'tar'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openMediaSource } from './media-source.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lifeboat-media-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

async function readAll(path: string, during?: (blocks: number) => Promise<void>) {
  const source = openMediaSource({ name: 'uploads', path })
  const blocks: Uint8Array[] = []
  for await (const block of source.blocks) {
    blocks.push(block)
    await during?.(blocks.length)
  }
  return { bytes: Buffer.concat(blocks), reading: source.reading }
}

async function entriesOf(bytes: Buffer) {
  const entries: { path: string; type: string; content: Buffer }[] = []
  const parser = list({
    onReadEntry(entry) {
      const content: Buffer[] = []
      entry.on('data', (data) => content.push(data))
      entry.on('end', () =>
        entries.push({ path: String(entry.path), type: String(entry.type), content: Buffer.concat(content) }),
      )
    },
  })
  await new Promise<void>((resolve, reject) => {
    parser.on('end', resolve)
    parser.on('error', reject)
    parser.end(bytes)
  })
  return entries
}

test('a folder comes back as tar, whatever its names', async () => {
  const long = 'x'.repeat(120)
  await mkdir(join(root, 'deep', long, long), { recursive: true })
  await writeFile(join(root, 'deep', long, long, 'leaf.bin'), Buffer.alloc(3_000_000, 7))
  await writeFile(join(root, 'empty'), '')
  await writeFile(join(root, 'schrödinger\n"katze"'), 'both')
  await writeFile(join(root, '-rf'), 'dash')
  const { bytes, reading } = await readAll(root)
  expect(reading).toMatchObject({ files: 4, bytes: 3_000_000 + 4 + 4, problems: [] })
  const entries = await entriesOf(bytes)
  expect(entries.filter((entry) => entry.type === 'File').map((entry) => [entry.path, entry.content.length])).toEqual([
    ['uploads/-rf', 4],
    [`uploads/deep/${long}/${long}/leaf.bin`, 3_000_000],
    ['uploads/empty', 0],
    ['uploads/schrödinger\n"katze"', 4],
  ])
  // A stock tar agrees.
  expect(execFileSync('tar', ['-tf', '-'], { input: bytes }).toString().split('\n').filter(Boolean)).toHaveLength(8)
})

test('unchanged contents give the same bytes, also in a copy made in another order', async () => {
  const when = new Date('2024-02-29T12:34:56.789Z')
  const make = async (folder: string, names: string[]) => {
    await mkdir(join(folder, 'sub'), { recursive: true })
    for (const name of names) {
      await writeFile(join(folder, name), name.repeat(1000))
      await utimes(join(folder, name), when, when)
    }
    for (const name of ['sub', '.']) await utimes(join(folder, name), when, when)
  }
  await make(join(root, 'one'), ['b', 'a', 'sub/c', 'B'])
  await make(join(root, 'two'), ['sub/c', 'B', 'a', 'b'])
  const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
  const one = await readAll(join(root, 'one'))
  const two = await readAll(join(root, 'two'))
  expect(hash(one.bytes)).toBe(hash(two.bytes))
  await writeFile(join(root, 'two', 'a'), 'changed')
  expect(hash((await readAll(join(root, 'two'))).bytes)).not.toBe(hash(one.bytes))
})

test('links and special files are skipped and reported; hard links are files', async () => {
  await writeFile(join(root, 'file'), 'content')
  await link(join(root, 'file'), join(root, 'hard'))
  await symlink('/etc/passwd', join(root, 'link'))
  await symlink('/etc', join(root, 'link-to-folder'))
  execFileSync('mkfifo', [join(root, 'pipe')])
  await writeFile(Buffer.concat([Buffer.from(root), Buffer.from([0x2f, 0xff, 0xfe])]), 'name is not UTF-8')
  const { bytes, reading } = await readAll(root)
  expect((await entriesOf(bytes)).map((entry) => entry.path)).toEqual(['uploads/', 'uploads/file', 'uploads/hard'])
  expect(reading.problems.map(({ path, problem }) => `${path} ${problem}`)).toEqual([
    'link skipped',
    'link-to-folder skipped',
    'pipe skipped',
    // A file it is, and it is not in the backup.
    expect.stringContaining(' unreadable'),
  ])
  expect(reading).toMatchObject({ files: 2, skipped: 3, lost: 1, changed: 0 })
})

test('a file that shrinks while it is read is padded and reported; the rest is whole', async () => {
  await writeFile(join(root, 'a'), Buffer.alloc(6 << 20, 1))
  await writeFile(join(root, 'b'), 'after')
  const { bytes, reading } = await readAll(root, async (blocks) => {
    if (blocks === 1) await truncate(join(root, 'a'), 100)
  })
  expect(reading.problems).toEqual([{ path: 'a', problem: 'changed' }])
  const entries = await entriesOf(bytes)
  expect(entries.map((entry) => [entry.path, entry.content.length])).toEqual([
    ['uploads/', 0],
    ['uploads/a', 6 << 20],
    ['uploads/b', 5],
  ])
})

test('a file that grows is cut at the size its header promised, and reported', async () => {
  await writeFile(join(root, 'a'), Buffer.alloc(4 << 20, 1))
  const { bytes, reading } = await readAll(root, async (blocks) => {
    if (blocks === 1) await appendFile(join(root, 'a'), 'more')
  })
  expect(reading.problems).toEqual([{ path: 'a', problem: 'changed' }])
  expect((await entriesOf(bytes))[1]?.content.length).toBe(4 << 20)
})

test('a file that vanishes between listing and reading is reported, not fatal', async () => {
  await writeFile(join(root, 'a'), Buffer.alloc(4 << 20, 1))
  await writeFile(join(root, 'b'), 'gone')
  await writeFile(join(root, 'c'), 'here')
  const { bytes, reading } = await readAll(root, async (blocks) => {
    if (blocks === 1) await rm(join(root, 'b'))
  })
  expect(reading.problems).toEqual([{ path: 'b', problem: 'vanished' }])
  expect((await entriesOf(bytes)).map((entry) => entry.path)).toEqual(['uploads/', 'uploads/a', 'uploads/c'])
})

test.skipIf(process.getuid?.() === 0)('what cannot be read is lost, and said', async () => {
  await writeFile(join(root, 'secret'), 'x')
  await chmod(join(root, 'secret'), 0)
  const { reading } = await readAll(root)
  expect(reading).toMatchObject({ lost: 1, problems: [{ path: 'secret', problem: 'unreadable' }] })
})

test('mode, time to the millisecond and owner are in the tar, of folders too', async () => {
  await mkdir(join(root, 'shared'))
  await writeFile(join(root, 'shared', 'run'), '#!')
  await chmod(join(root, 'shared', 'run'), 0o751)
  await chmod(join(root, 'shared'), 0o2775)
  await utimes(join(root, 'shared', 'run'), 1_700_000_000.25, 1_700_000_000.25)
  await utimes(join(root, 'shared'), 1_600_000_000, 1_600_000_000)
  const { bytes, reading } = await readAll(root)
  const said = execFileSync('tar', ['--full-time', '--numeric-owner', '-tvf', '-'], {
    input: bytes,
    env: { ...process.env, TZ: 'UTC' },
  }).toString()
  const owner = `${process.getuid?.()}/${process.getgid?.()}`
  expect(said).toContain(`drwxrwsr-x ${owner}`)
  expect(said).toMatch(/2020-09-13 12:26:40\s+uploads\/shared\/\n/)
  expect(said).toContain(`-rwxr-x--x ${owner}`)
  expect(said).toMatch(/2023-11-14 22:13:20.25\s+uploads\/shared\/run/)
  expect(reading.owners).toEqual([{ uid: process.getuid?.(), gid: process.getgid?.(), entries: 3 }])
})

test('a long name with a line end in it is whole', async () => {
  const name = `${'n'.repeat(150)}\n${'m'.repeat(80)}`
  await writeFile(join(root, name), 'x')
  const { bytes } = await readAll(root)
  expect((await entriesOf(bytes)).map(({ path }) => path)).toEqual(['uploads/', `uploads/${name}`])
})

test('twelve hundred links are counted, and named up to a thousand', async () => {
  for (let i = 0; i < 1200; i++) await symlink('/etc', join(root, `l${i}`))
  const { reading } = await readAll(root)
  expect(reading.skipped).toBe(1200)
  expect(reading.problems.length).toBe(1000)
})

test('where a restore works inside the folder is no part of it', async () => {
  await mkdir(join(root, '.lifeboat-r0123456789abcde', 'old'), { recursive: true })
  await writeFile(join(root, '.lifeboat-r0123456789abcde', 'old', 'x'), 'before')
  await mkdir(join(root, '.lifeboat-notes'))
  const { bytes, reading } = await readAll(root)
  expect((await entriesOf(bytes)).map(({ path }) => path)).toEqual(['uploads/', 'uploads/.lifeboat-notes/'])
  expect(reading.problems).toEqual([])
})

test('a folder that is not there, or goes away during the backup, is an error', async () => {
  await expect(readAll(join(root, 'missing'))).rejects.toMatchObject({ code: 'MEDIA_FOLDER_MISSING' })
  await mkdir(join(root, 'mounted'))
  await writeFile(join(root, 'mounted', 'a'), Buffer.alloc(4 << 20, 1))
  await expect(
    readAll(join(root, 'mounted'), async (blocks) => {
      if (blocks === 1) await rm(join(root, 'mounted'), { recursive: true })
    }),
  ).rejects.toMatchObject({ code: 'MEDIA_FOLDER_MISSING' })
})
