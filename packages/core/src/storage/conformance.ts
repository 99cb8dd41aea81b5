import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { isEngineError } from '../errors.ts'
import { maximumObjectBytes } from './names.ts'
import { type Storage, StorageObjectMissing, type StoredObject } from './storage.ts'

/** One thing a storage must do. `run` gets a fresh, empty storage of its own and throws where it fails. */
export interface ConformanceCheck {
  name: string
  run(storage: Storage): Promise<void>
}

/**
 * What every storage must pass to hold a repository; the contract is in storage.ts. Free of any test framework:
 *
 * ```ts
 * for (const { name, run } of storageConformance) test(name, async () => run(await freshStorage()))
 * ```
 */
export const storageConformance: readonly ConformanceCheck[] = [
  check('what was put is got back, byte for byte', async (storage) => {
    for (const bytes of [0, 1, 255, 256, 65_535, 65_536, 5_000_001]) {
      const data = randomBytes(bytes)
      assert.equal(await storage.put(`sizes/${bytes}`, data), true)
      assert.deepEqual(await storage.get(`sizes/${bytes}`), data)
    }
  }),

  check('an object of 64 MiB is stored, a longer one refused', async (storage) => {
    const data = Buffer.alloc(maximumObjectBytes, 'lifeboat')
    await storage.put('large', data)
    assert.equal((await storage.stat('large'))?.bytes, maximumObjectBytes)
    assert.ok((await storage.get('large')).equals(data))
    await rejects('CONFIG_INVALID', () => storage.put('larger', Buffer.alloc(maximumObjectBytes + 1)))
  }),

  check('put replaces', async (storage) => {
    await storage.put('object', Buffer.from('a longer first version'))
    assert.equal(await storage.put('object', Buffer.from('second')), true)
    assert.equal(String(await storage.get('object')), 'second')
    assert.equal((await storage.stat('object'))?.bytes, 6)
  }),

  check('put with ifAbsent never replaces', async (storage) => {
    assert.equal(await storage.put('object', Buffer.from('first'), { ifAbsent: true }), true)
    assert.equal(await storage.put('object', Buffer.from('second'), { ifAbsent: true }), false)
    assert.equal(String(await storage.get('object')), 'first')
    await storage.delete('object')
    assert.equal(await storage.put('object', Buffer.from('third'), { ifAbsent: true }), true)
  }),

  check('of writers competing with ifAbsent one wins, and its bytes are there', async (storage) => {
    for (let round = 0; round < 5; round++) {
      const writers = Array.from({ length: 8 }, (_, index) => Buffer.alloc(10_000, `writer ${index} `))
      const name = `race/${round}`
      const results = await Promise.all(writers.map((data) => storage.put(name, data, { ifAbsent: true })))
      assert.equal(results.filter(Boolean).length, 1, 'exactly one writer is told that it won')
      assert.ok((await storage.get(name)).equals(writers[results.indexOf(true)] as Buffer))
    }
  }),

  check('a reader beside writers sees one version, whole', async (storage) => {
    const versions = ['a', 'b', 'c', 'd'].map((letter, index) => Buffer.alloc(200_000 + index * 1_000, letter))
    await storage.put('object', versions[0] as Buffer)
    let writing = true
    const writer = (async () => {
      for (let round = 0; round < 12; round++) await storage.put('object', versions[round % 4] as Buffer)
    })().finally(() => {
      writing = false
    })
    while (writing) {
      const data = await storage.get('object')
      assert.ok(
        versions.some((version) => version.equals(data)),
        'never a mixture and never a part',
      )
    }
    await writer
  }),

  check('what the caller does to its buffer afterwards changes nothing', async (storage) => {
    const data = Buffer.from('before')
    await storage.put('object', data)
    data.fill('x')
    const got = await storage.get('object')
    assert.equal(String(got), 'before')
    got.fill('y')
    assert.equal(String(await storage.get('object')), 'before')
  }),

  check('a view into a larger buffer is stored as the view', async (storage) => {
    await storage.put('object', new Uint8Array(Buffer.from('__inside__').buffer.slice(0)).subarray(0, 0))
    assert.equal((await storage.get('object')).length, 0)
    await storage.put('object', Buffer.from('__inside__').subarray(2, 8))
    assert.equal(String(await storage.get('object')), 'inside')
  }),

  check('get gives ranges, and never fewer bytes than asked for', async (storage) => {
    await storage.put('object', Buffer.from('0123456789'))
    const range = async (offset?: number, length?: number) => String(await storage.get('object', { offset, length }))
    assert.equal(await range(0, 4), '0123')
    assert.equal(await range(3, 4), '3456')
    assert.equal(await range(9, 1), '9')
    assert.equal(await range(7), '789')
    assert.equal(await range(undefined, 2), '01')
    assert.equal(await range(5, 0), '')
    for (const [offset, length] of [
      [0, 11],
      [9, 2],
      [11, 0],
      [10, 1],
      [11, undefined],
    ] as const)
      await assert.rejects(storage.get('object', { offset, length }), `bytes ${offset}+${length} are not there`)
    for (const offset of [-1, 0.5, Number.NaN]) await rejects('CONFIG_INVALID', () => storage.get('object', { offset }))
  }),

  check('get never reads more than it may', async (storage) => {
    const data = randomBytes(100_000)
    await storage.put('folder/object', data)
    const read = (options: object) => storage.get('folder/object', options)
    assert.ok((await read({ maxBytes: 100_000 })).equals(data))
    assert.ok((await read({ offset: 99_000, maxBytes: 1_000 })).equals(data.subarray(99_000)))
    assert.ok((await read({ offset: 5, length: 1_000, maxBytes: 1_000 })).equals(data.subarray(5, 1_005)))
    for (const options of [{ maxBytes: 99_999 }, { maxBytes: 1 }, { offset: 10, maxBytes: 99_989 }])
      await rejects('REPOSITORY_DAMAGED', () => read(options))
    await assert.rejects(storage.get('nothing', { maxBytes: 1 }), StorageObjectMissing)
  }),

  check('get of what is not there throws StorageObjectMissing', async (storage) => {
    await storage.put('folder/object', Buffer.from('x'))
    for (const name of ['nothing', 'folder/nothing', 'nowhere/at/all', 'folder'])
      await assert.rejects(
        storage.get(name),
        (error) => error instanceof StorageObjectMissing && error.objectName === name,
      )
  }),

  check('stat gives name, bytes and a time near now; null for what is not there', async (storage) => {
    await storage.put('folder/object', Buffer.from('four'))
    const found = await storage.stat('folder/object')
    assert.equal(found?.name, 'folder/object')
    assert.equal(found?.bytes, 4)
    assert.ok(found && Math.abs(found.modifiedAt.getTime() - Date.now()) < 24 * 3600_000)
    for (const name of ['nothing', 'folder', 'nowhere/at/all']) assert.equal(await storage.stat(name), null)
  }),

  check('list gives every object of a prefix, and only those', async (storage) => {
    const names = ['a', 'b/one', 'b/two', 'b/deep/three', 'bb', 'c-1/x', 'c-2/x']
    for (const [index, name] of names.entries()) await storage.put(name, Buffer.alloc(index))
    const listed = async (prefix: string) => (await collect(storage, prefix)).map(({ name }) => name).sort()
    assert.deepEqual(await listed(''), [...names].sort())
    assert.deepEqual(await listed('b/'), ['b/deep/three', 'b/one', 'b/two'])
    assert.deepEqual(await listed('b'), ['b/deep/three', 'b/one', 'b/two', 'bb'])
    assert.deepEqual(await listed('b/t'), ['b/two'])
    assert.deepEqual(await listed('c-'), ['c-1/x', 'c-2/x'])
    assert.deepEqual(await listed('nothing'), [])
    assert.deepEqual(await listed('b/one'), ['b/one'])
    for (const { name, bytes } of await collect(storage, '')) assert.equal(bytes, names.indexOf(name))
  }),

  check('list gives each of many objects once', async (storage) => {
    const names = Array.from({ length: 1_100 }, (_, index) => `many/${String(index).padStart(4, '0')}`)
    for (let from = 0; from < names.length; from += 50)
      await Promise.all(names.slice(from, from + 50).map((name) => storage.put(name, Buffer.from(name))))
    assert.deepEqual((await collect(storage, 'many/')).map(({ name }) => name).sort(), names)
  }),

  check('list of an empty storage is empty', async (storage) => {
    assert.deepEqual(await collect(storage, ''), [])
    assert.deepEqual(await collect(storage, 'packs/'), [])
  }),

  check('delete removes, and of what is not there succeeds', async (storage) => {
    await storage.put('folder/object', Buffer.from('x'))
    await storage.delete('folder/object')
    assert.equal(await storage.stat('folder/object'), null)
    await assert.rejects(storage.get('folder/object'), StorageObjectMissing)
    assert.deepEqual(await collect(storage, ''), [])
    await storage.delete('folder/object')
    await storage.delete('nowhere/at/all')
  }),

  check('names outside the pattern are refused untouched', async (storage) => {
    const refused = [
      '',
      '.',
      '..',
      '/a',
      'a/',
      'a//b',
      '../a',
      'a/../b',
      '.a',
      'a/.b',
      'a b',
      'a\\b',
      'ä',
      'a\0',
      '-a',
      'a'.repeat(201),
    ]
    for (const name of refused) {
      await rejects('CONFIG_INVALID', () => storage.put(name, Buffer.from('x')))
      await rejects('CONFIG_INVALID', () => storage.get(name))
      await rejects('CONFIG_INVALID', () => storage.stat(name))
      await rejects('CONFIG_INVALID', () => storage.delete(name))
    }
    for (const prefix of ['..', '/', '../', 'a//', '.']) await rejects('CONFIG_INVALID', () => collect(storage, prefix))
    assert.deepEqual(await collect(storage, ''), [])
  }),

  check('names at the edge of the pattern are taken, and case matters', async (storage) => {
    const names = ['a'.repeat(200), 'A', 'a', '0', 'a.b-c_d', 'packs/ab/abc.pack', 'a1/b2/c3/d4/e5']
    for (const name of names.filter((name) => name !== 'a')) await storage.put(name, Buffer.from(name))
    assert.equal(await storage.stat('a'), null)
    for (const name of names.filter((name) => name !== 'a')) assert.equal(String(await storage.get(name)), name)
  }),

  check('an aborted signal ends an operation with ABORTED', async (storage) => {
    await storage.put('object', Buffer.from('x'))
    const signal = AbortSignal.abort()
    await rejects('ABORTED', () => storage.put('other', Buffer.from('x'), { signal }))
    await rejects('ABORTED', () => storage.get('object', { signal }))
    await rejects('ABORTED', () => storage.stat('object', { signal }))
    await rejects('ABORTED', () => storage.delete('object', { signal }))
    await rejects('ABORTED', () => collect(storage, '', signal))
    assert.deepEqual(
      (await collect(storage, '')).map(({ name }) => name),
      ['object'],
    )
  }),

  check('its location is shown without a secret, and free space is a number where it is known', async (storage) => {
    assert.ok(storage.location.length > 0)
    assert.doesNotMatch(storage.location, /\/\/[^/@]*:[^/@]*@/)
    await storage.put('object', Buffer.from('x'))
    const free = await storage.freeBytes?.()
    assert.ok(free === undefined || (Number.isFinite(free) && free >= 0))
  }),
]

function check(name: string, run: (storage: Storage) => Promise<void>): ConformanceCheck {
  return { name, run }
}

async function collect(storage: Storage, prefix: string, signal?: AbortSignal): Promise<StoredObject[]> {
  const objects: StoredObject[] = []
  for await (const object of storage.list(prefix, { signal })) objects.push(object)
  return objects
}

async function rejects(code: Parameters<typeof isEngineError>[1], operation: () => Promise<unknown>): Promise<void> {
  await assert.rejects(
    async () => operation(),
    (error) => isEngineError(error, code) || assert.fail(`expected ${code}, got ${String(error)}`),
  )
}
