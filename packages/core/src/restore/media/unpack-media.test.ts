import { chmod, chown, mkdir, mkdtemp, open, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Header } from 'tar'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openMediaSource } from '../../backup/media-source.ts'
import { type ChunkReader, createChunkReader } from '../../repository/chunks/chunk-reader.ts'
import type { MediaRecord } from '../../repository/documents/documents.ts'
import { sampleMedia } from '../../repository/documents/sample-manifest.ts'
import { loadChunkIndex } from '../../repository/index/load-index.ts'
import { initRepository } from '../../repository/init.ts'
import { createRepositoryWriter } from '../../repository/repository-writer.ts'
import { createMemoryStorage } from '../../storage/memory.ts'
import { removeTree } from './media-note.ts'
import { unpackMedia } from './unpack-media.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-media-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function stored(
  tar: AsyncIterable<Uint8Array> | Uint8Array,
  counts: { files: number; bytes: number } = { files: 1, bytes: 4 },
): Promise<{ reader: ChunkReader; media: MediaRecord }> {
  const repository = await initRepository(createMemoryStorage(), { rawKey: Buffer.alloc(32, 7) })
  const index = await loadChunkIndex(repository)
  const writer = createRepositoryWriter(repository, { index })
  const ref = await writer.writeStream(tar)
  await writer.finish()
  const media = sampleMedia({ ...counts, tar: ref })
  return { reader: createChunkReader(repository, index), media }
}

function tarOf(
  ...entries: {
    path: string
    type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'FIFO'
    data?: string
    linkpath?: string
  }[]
) {
  const blocks = entries.flatMap(({ path, type = 'File', data = type === 'File' ? 'data' : '', linkpath }) => {
    const header = new Header({ path, type, size: data.length, mode: 0o644, mtime: new Date(0), linkpath })
    header.encode()
    const content = Buffer.alloc(Math.ceil(data.length / 512) * 512)
    content.write(data)
    return [header.block ?? Buffer.alloc(0), content]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

test('what a backup stored comes back: nested, empty, large, and with odd names', async () => {
  const source = join(folder, 'source')
  const names = [
    'a.txt',
    'deep/er/b.bin',
    'deep/qu\'o"te\n.txt',
    'ünïcode/ö',
    '-dash',
    'empty',
    `${'x'.repeat(120)}/${'y'.repeat(120)}`,
  ]
  for (const name of names) {
    await mkdir(join(source, name, '..'), { recursive: true })
    await writeFile(join(source, name), name === 'empty' ? '' : Buffer.alloc(name === 'a.txt' ? 3 << 20 : 10, name))
  }
  await mkdir(join(source, 'empty folder'))
  await writeFile(join(source, 'script'), '#!', { mode: 0o755 })
  const { blocks, reading } = openMediaSource({ name: 'uploads', path: source })
  const { reader, media } = await stored(blocks)
  const fresh = join(folder, 'fresh')
  const { ownersNotKept } = await unpackMedia(reader, { ...media, files: reading.files, bytes: reading.bytes }, fresh)
  expect(ownersNotKept).toBe(0)
  for (const name of names) expect(await readFile(join(fresh, name))).toEqual(await readFile(join(source, name)))
  const all = (await readdir(source, { recursive: true })).sort()
  expect((await readdir(fresh, { recursive: true })).sort()).toEqual(all)
  for (const name of ['.', ...all])
    expect(await attributes(join(fresh, name))).toEqual(await attributes(join(source, name)))
})

async function attributes(path: string) {
  const { mode, mtimeMs, uid, gid } = await stat(path)
  return { mode, mtime: Math.floor(mtimeMs), uid, gid }
}

test('modes that the umask would take, folders that may not be written to, and times are kept', async () => {
  const source = join(folder, 'kept')
  await mkdir(join(source, 'shared/closed'), { recursive: true })
  await writeFile(join(source, 'shared/closed/file'), 'x')
  await writeFile(join(source, 'shared/wide'), 'y')
  await writeFile(join(source, 'set-user-id'), '#!')
  const modes = {
    'shared/wide': 0o666,
    'shared/closed/file': 0o400,
    'shared/closed': 0o555,
    shared: 0o2777,
    '.': 0o751,
  }
  for (const [index, [name, mode]] of Object.entries(modes).entries()) {
    await chmod(join(source, name), mode)
    await utimes(join(source, name), 1_500_000_000 + index, 1_600_000_000.123 + index)
  }
  await chmod(join(source, 'set-user-id'), 0o4755)
  const { blocks, reading } = openMediaSource({ name: 'uploads', path: source })
  const { reader, media } = await stored(blocks)
  const fresh = join(folder, 'kept-fresh')
  const before = process.umask(0o077)
  try {
    await unpackMedia(reader, { ...media, files: reading.files, bytes: reading.bytes }, fresh)
  } finally {
    process.umask(before)
  }
  for (const name of Object.keys(modes))
    expect(await attributes(join(fresh, name))).toEqual(await attributes(join(source, name)))
  expect((await stat(join(fresh, 'set-user-id'))).mode & 0o7777, 'a right that nobody asked for').toBe(0o755)
  // A tree with read-only folders can be removed.
  await removeTree(fresh)
  await expect(stat(fresh)).rejects.toMatchObject({ code: 'ENOENT' })
})

test.skipIf(process.getuid?.() !== 0)('root gives files to their owners again', async () => {
  const source = join(folder, 'owned')
  await mkdir(join(source, 'sub'), { recursive: true })
  await writeFile(join(source, 'sub/file'), 'x')
  await chown(join(source, 'sub'), 1234, 5678)
  await chown(join(source, 'sub/file'), 4_000_000, 4_000_001)
  const { blocks, reading } = openMediaSource({ name: 'uploads', path: source })
  const { reader, media } = await stored(blocks)
  expect(reading.owners).toHaveLength(3)
  const fresh = join(folder, 'owned-fresh')
  await unpackMedia(reader, { ...media, files: reading.files, bytes: reading.bytes }, fresh)
  expect(await attributes(join(fresh, 'sub'))).toMatchObject({ uid: 1234, gid: 5678 })
  expect(await attributes(join(fresh, 'sub/file'))).toMatchObject({ uid: 4_000_000, gid: 4_000_001 })
})

test('a sparse file takes no more space than it did', async () => {
  const source = join(folder, 'sparse')
  await mkdir(source)
  const file = await open(join(source, 'disk.img'), 'w')
  await file.write('begin', 0)
  await file.write('middle', 5_000_001)
  await file.truncate(12_000_000)
  await file.close()
  const { blocks, reading } = openMediaSource({ name: 'uploads', path: source })
  const { reader, media } = await stored(blocks)
  const fresh = join(folder, 'sparse-fresh')
  await unpackMedia(reader, { ...media, files: reading.files, bytes: reading.bytes }, fresh)
  const restored = await stat(join(fresh, 'disk.img'))
  expect(restored.size).toBe(12_000_000)
  expect(restored.blocks * 512).toBeLessThan(1_000_000)
  expect(await readFile(join(fresh, 'disk.img'))).toEqual(await readFile(join(source, 'disk.img')))
})

const outside = '../outside'
test.each([
  ['..', tarOf({ path: `uploads/${outside}` })],
  ['absolute', tarOf({ path: '/tmp/x' })],
  ['another folder', tarOf({ path: 'other/x' })],
  ['the folder itself as a file', tarOf({ path: 'uploads' })],
  ['a dot', tarOf({ path: 'uploads/./x' })],
  ['nothing between slashes', tarOf({ path: 'uploads//x' })],
  ['symbolic link', tarOf({ path: 'uploads/l', type: 'SymbolicLink', linkpath: '/etc' })],
  [
    'link, then through it',
    tarOf({ path: 'uploads/l', type: 'SymbolicLink', linkpath: '/tmp' }, { path: 'uploads/l/x' }),
  ],
  ['hard link', tarOf({ path: 'uploads/l', type: 'Link', linkpath: '/etc/passwd' })],
  ['fifo', tarOf({ path: 'uploads/f', type: 'FIFO' })],
  ['more bytes than said', tarOf({ path: 'uploads/f', data: '12345' })],
  ['more files than said', tarOf({ path: 'uploads/f', data: '12' }, { path: 'uploads/g', data: '34' })],
  ['fewer files than said', tarOf({ path: 'uploads/', type: 'Directory' })],
  ['a file twice', tarOf({ path: 'uploads/f' }, { path: 'uploads/f' })],
  ['what a restore works in', tarOf({ path: 'uploads/.lifeboat-r0123456789abcde/f' })],
  ['no tar at all', Buffer.alloc(2048, 'x')],
])('refused, with nothing left behind: %s', async (_, tar) => {
  const { reader, media } = await stored(tar)
  const place = await mkdtemp(join(folder, 'place-'))
  const promise = unpackMedia(reader, media, join(place, 'uploads'))
  await expect(promise).rejects.toThrow()
  expect(await readdir(place)).toEqual([])
})

test('a file that people called "C: plan" is no drive: its backup can be restored', async () => {
  const { reader, media } = await stored(tarOf({ path: 'uploads/C: plan' }))
  const fresh = join(await mkdtemp(join(folder, 'place-')), 'uploads')
  await unpackMedia(reader, media, fresh)
  expect(await readdir(fresh)).toEqual(['C: plan'])
})
