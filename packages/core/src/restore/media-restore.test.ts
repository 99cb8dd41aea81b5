import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Header } from 'tar'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openMediaSource } from '../backup/media-source.ts'
import { parseEngineOptions } from '../config.ts'
import { type ChunkReader, createChunkReader } from '../repository/chunk-reader.ts'
import type { MediaRecord } from '../repository/documents.ts'
import { initRepository } from '../repository/init.ts'
import { loadChunkIndex } from '../repository/load-index.ts'
import { createRepositoryWriter } from '../repository/repository-writer.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { mediaTargets } from './media-names.ts'
import { keptMediaFolder, swapMedia, unpackMedia } from './media-restore.ts'
import { newRestoreId } from './names.ts'

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
  const media = { name: 'uploads', path: '/srv/uploads', ...counts, tar: ref, problems: [] }
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
  const target = join(folder, 'target')
  await mkdir(target)
  await writeFile(join(target, 'old'), 'old')
  const unpacked = await unpackMedia(reader, { ...media, files: reading.files, bytes: reading.bytes }, target, {
    restoreId: newRestoreId(),
  })
  // Nothing has happened to the folder in use yet.
  expect(await readdir(target)).toEqual(['old'])
  const { kept } = await swapMedia(unpacked, new Date('2026-01-02T03:04:05Z'))
  expect(kept).toBe(`${target}_before_20260102030405`)
  expect(kept).toBe(keptMediaFolder(target, new Date('2026-01-02T03:04:05Z')))
  expect(await readdir(kept ?? '')).toEqual(['old'])
  for (const name of names) expect(await readFile(join(target, name))).toEqual(await readFile(join(source, name)))
  expect((await stat(join(target, 'script'))).mode & 0o777).toBe(0o755)
  expect((await readdir(target, { recursive: true })).sort()).toEqual(
    (await readdir(source, { recursive: true })).sort(),
  )
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
  ['no tar at all', Buffer.alloc(2048, 'x')],
])('refused, with nothing left behind: %s', async (_, tar) => {
  const { reader, media } = await stored(tar)
  const place = await mkdtemp(join(folder, 'place-'))
  const target = join(place, 'uploads')
  const promise = unpackMedia(reader, media, target, { restoreId: newRestoreId() })
  await expect(promise).rejects.toThrow()
  expect(await readdir(place)).toEqual([])
})

test('a file that people called "C: plan" is no drive: its backup can be restored', async () => {
  const { reader, media } = await stored(tarOf({ path: 'uploads/C: plan' }))
  const target = join(await mkdtemp(join(folder, 'place-')), 'uploads')
  const { fresh } = await unpackMedia(reader, media, target, { restoreId: newRestoreId() })
  expect(await readdir(fresh)).toEqual(['C: plan'])
})

test.each(['..', '.', '', '../elsewhere', 'a/b', '/etc', 'a\0'])(
  'a media folder that a forged manifest, or the configuration, calls %j gets no place',
  (name) => {
    expect(() => mediaTargets(['a', name], '/srv/media', [])).toThrow(/calls a media folder/)
    const options = { repository: '/r', media: [{ name, path: '/srv/uploads' }] }
    expect(() => parseEngineOptions(options)).toThrow(/media/)
  },
)

test('the target may be a link or a new folder; its parent must be there', async () => {
  const { reader, media } = await stored(tarOf({ path: 'uploads/f' }))
  const place = await mkdtemp(join(folder, 'place-'))
  const fresh = await unpackMedia(reader, media, join(place, 'new'), { restoreId: newRestoreId() })
  expect(await swapMedia(fresh, new Date())).toEqual({ kept: null })
  expect(await readFile(join(place, 'new/f'), 'utf8')).toBe('data')
  await symlink(join(place, 'new'), join(place, 'link'))
  const again = await unpackMedia(reader, media, join(place, 'link'), { restoreId: newRestoreId() })
  await swapMedia(again, new Date())
  expect(await readFile(join(place, 'link/f'), 'utf8')).toBe('data')
  const nowhere = unpackMedia(reader, media, join(place, 'a/b/c'), { restoreId: newRestoreId() })
  await expect(nowhere).rejects.toMatchObject({ code: 'MEDIA_FOLDER_MISSING' })
})

test.each([
  [['a'], undefined, []],
  [['a'], true, [{ name: 'a', target: '/srv/a' }]],
  [['b'], true, [{ name: 'b', target: null }]],
  [['a'], '/x', [{ name: 'a', target: '/x' }]],
  [
    ['a', 'b'],
    '/x/',
    [
      { name: 'a', target: '/x/a' },
      { name: 'b', target: '/x/b' },
    ],
  ],
  [['a', 'b'], { b: '/y', toString: '/z' }, [{ name: 'b', target: '/y' }]],
])('media %j to %j', (names, target, expected) => {
  expect(mediaTargets(names, target as true, [{ name: 'a', path: '/srv/a' }])).toEqual(expected)
})
