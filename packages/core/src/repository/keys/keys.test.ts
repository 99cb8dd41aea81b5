import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isEngineError } from '../../errors.ts'
import { createMemoryStorage } from '../../storage/memory.ts'
import type { Storage } from '../../storage/storage.ts'
import { createFaultyStorage } from '../../testing/faulty-storage.ts'
import { startStopwatch } from '../../testing/stopwatch.ts'
import { initRepository } from '../init.ts'
import { openRepository } from '../open.ts'
import { addKeySlot, listKeySlots, rotateKeySlot } from './key-slots.ts'
import type { KeySource } from './keys.ts'
import { removeKeySlot } from './remove-key-slot.ts'

const rawKey = { rawKey: randomBytes(32) }
const otherKey = { rawKey: randomBytes(32) }

async function codeOf(attempt: Promise<unknown>): Promise<string | null> {
  try {
    await attempt
    return null
  } catch (error) {
    if (isEngineError(error)) return error.code
    throw error
  }
}

async function onlySlot(storage: Storage): Promise<string> {
  for await (const { name } of storage.list('keys/')) return name
  throw new Error('No slot.')
}

/** Rewrites lines of a slot and makes its digest right again: what an attacker does, not an accident. */
async function forgeSlot(storage: Storage, change: (lines: string[]) => void): Promise<void> {
  const name = await onlySlot(storage)
  const lines = (await storage.get(name)).toString().split('\n')
  change(lines)
  lines[2] = createHash('sha256').update(`${lines[0]}\n${lines[1]}\n`).digest('hex')
  await storage.put(name, Buffer.from(lines.join('\n')))
}

describe('opening a repository', () => {
  it('tells a wrong key, a missing key, damage, a newer format and nothing at all apart', async () => {
    const storage = createMemoryStorage()
    expect(await codeOf(openRepository(storage, rawKey))).toBe('NOT_A_REPOSITORY')
    await initRepository(storage, rawKey)
    expect(await codeOf(openRepository(storage, rawKey))).toBe(null)
    expect(await codeOf(openRepository(storage, otherKey))).toBe('WRONG_KEY')
    expect(await codeOf(openRepository(storage, { passphrase: 'x' }))).toBe('WRONG_KEY')
    expect(await codeOf(openRepository(storage, { encryption: 'none' }))).toBe('KEY_MISSING')
    expect(await codeOf(openRepository(storage, { passphrase: '' }))).toBe('CONFIG_INVALID')
    expect(await codeOf(openRepository(storage, { rawKey: randomBytes(31) }))).toBe('CONFIG_INVALID')
    expect(await codeOf(openRepository(storage, { rawKey: Buffer.alloc(32) }))).toBe('CONFIG_INVALID')

    const config = await storage.get('config')
    await storage.put('config', Buffer.from(config.toString().replace('"format":1', '"format":2')))
    expect(await codeOf(openRepository(storage, rawKey))).toBe('REPOSITORY_FORMAT_NEWER')
    await storage.put('config', Buffer.from('[]'))
    expect(await codeOf(openRepository(storage, rawKey))).toBe('REPOSITORY_DAMAGED')
    await storage.delete('config')
    expect(await codeOf(openRepository(storage, rawKey))).toBe('NOT_A_REPOSITORY')
    await storage.put('backups/b000000000000000', Buffer.from('x'))
    expect(await codeOf(openRepository(storage, rawKey))).toBe('REPOSITORY_DAMAGED')
    expect(await codeOf(initRepository(storage, rawKey))).toBe('REPOSITORY_EXISTS')
  })

  it('names the damaged slot, and does not call it a wrong key', async () => {
    const storage = createMemoryStorage()
    await initRepository(storage, rawKey)
    const name = await onlySlot(storage)
    const data = await storage.get(name)
    await storage.put(name, data.subarray(0, 300))
    const error = await openRepository(storage, rawKey).catch((e: unknown) => e)
    expect(isEngineError(error, 'REPOSITORY_DAMAGED') && error.detail.objects).toEqual([name])
    await storage.put(name, data)
    const forged = (line: string) => `${line[0] === '0' ? '1' : '0'}${line.slice(1)}`
    // The check value still fits, what is sealed does not open.
    await forgeSlot(storage, (lines) => {
      lines[1] = lines[1]!.slice(0, 60) + forged(lines[1]!.slice(60))
    })
    expect(await codeOf(openRepository(storage, rawKey))).toBe('REPOSITORY_DAMAGED')
    await storage.delete(name)
    expect(await codeOf(openRepository(storage, rawKey))).toBe('REPOSITORY_DAMAGED')
  })

  it('refuses scrypt costs that would take the host down, or make guessing cheap', async () => {
    const made = createMemoryStorage()
    await initRepository(made, { passphrase: 'correct horse' })
    for (const cost of ['"n":1073741824', '"n":1024', '"n":131071', '"n":0', '"n":-1', '"n":1e99', '"n":null']) {
      const storage = createMemoryStorage()
      for await (const { name } of made.list('')) await storage.put(name, await made.get(name))
      await forgeSlot(storage, (lines) => {
        lines[0] = lines[0]!.replace('"n":131072', cost)
      })
      const stopwatch = startStopwatch()
      expect(await codeOf(openRepository(storage, { passphrase: 'correct horse' }))).toBe('REPOSITORY_DAMAGED')
      expect(stopwatch.milliseconds()).toBeLessThan(1000)
    }
  })

  it('never opens with a key a slot of another kind, whatever lies in the storage', async () => {
    const storage = createMemoryStorage()
    await initRepository(storage, { encryption: 'none' })
    expect(await codeOf(openRepository(storage, { encryption: 'none' }))).toBe(null)
    expect(await codeOf(openRepository(storage, rawKey))).toBe('WRONG_KEY')
    // The slot of the public key, passed off as one of a raw key: 32 zero bytes are refused as a key.
    await forgeSlot(storage, (lines) => {
      lines[0] = lines[0]!.replace('"kind":"none"', '"kind":"raw_key"')
    })
    expect(await codeOf(openRepository(storage, { rawKey: Buffer.alloc(32) }))).toBe('CONFIG_INVALID')
    expect(await codeOf(openRepository(storage, rawKey))).toBe('WRONG_KEY')
    expect(await codeOf(openRepository(storage, { encryption: 'none' }))).toBe('KEY_MISSING')
  })

  it('opens with a passphrase however its accents are composed', async () => {
    const storage = createMemoryStorage()
    await initRepository(storage, { passphrase: 'Grüße' })
    expect(await codeOf(openRepository(storage, { passphrase: 'Gru\u0308ße' }))).toBe(null)
    expect(await codeOf(openRepository(storage, { passphrase: 'Grüsse' }))).toBe('WRONG_KEY')
  })

  it('ignores the slot of an init that died, and survives two at once', async () => {
    const storage = createMemoryStorage()
    const results = await Promise.allSettled([initRepository(storage, rawKey), initRepository(storage, otherKey)])
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected'])
    const opened = await Promise.all([rawKey, otherKey].map((key) => codeOf(openRepository(storage, key))))
    expect(opened.sort()).toEqual(['WRONG_KEY', null])
    const foreign = createMemoryStorage()
    await initRepository(foreign, otherKey)
    const name = await onlySlot(foreign)
    await storage.put(name, await foreign.get(name))
    const winner = results[0]!.status === 'fulfilled' ? rawKey : otherKey
    expect(await codeOf(openRepository(storage, winner))).toBe(null)
  })
})

describe('key slots', () => {
  it('are added, listed and removed; every one opens the same repository', async () => {
    const storage = createMemoryStorage()
    const repository = await initRepository(storage, rawKey)
    const added = await addKeySlot(repository, rawKey, otherKey, { label: 'second' })
    expect((await listKeySlots(repository)).map(({ kind, label }) => ({ kind, label }))).toEqual([
      { kind: 'raw_key', label: 'init' },
      { kind: 'raw_key', label: 'second' },
    ])
    expect((await openRepository(storage, otherKey)).keys).toEqual(repository.keys)
    const first = (await listKeySlots(repository)).find((slot) => slot.slot !== added.slot)!
    await removeKeySlot(repository, first.slot)
    expect(await codeOf(openRepository(storage, rawKey))).toBe('WRONG_KEY')
    expect(await codeOf(removeKeySlot(repository, added.slot))).toBe('USAGE')
    expect(await codeOf(openRepository(storage, otherKey))).toBe(null)
  })

  it('cannot be added without a key that opens, nor open to everybody', async () => {
    const storage = createMemoryStorage()
    const repository = await initRepository(storage, rawKey)
    expect(await codeOf(addKeySlot(repository, otherKey, otherKey))).toBe('WRONG_KEY')
    const none: KeySource = { encryption: 'none' }
    expect(await codeOf(addKeySlot(repository, rawKey, none))).toBe('CONFIG_INVALID')
    const open = await initRepository(createMemoryStorage(), none)
    expect(await codeOf(addKeySlot(open, none, rawKey))).toBe('CONFIG_INVALID')
  })

  it('hold no key in the clear, in any object', async () => {
    const storage = createMemoryStorage()
    const repository = await initRepository(storage, { passphrase: 'a passphrase nobody guesses' })
    await addKeySlot(repository, { passphrase: 'a passphrase nobody guesses' }, rawKey)
    const secrets = [Buffer.from('a passphrase nobody guesses'), rawKey.rawKey, ...Object.values(repository.keys)]
    for await (const { name } of storage.list('')) {
      const data = await storage.get(name)
      for (const secret of secrets.map((bytes) => Buffer.from(bytes))) {
        expect(data.includes(secret)).toBe(false)
        expect(data.includes(secret.toString('hex'))).toBe(false)
        expect(data.includes(secret.toString('base64').slice(0, 40))).toBe(false)
      }
    }
  })
})

describe('rotation', () => {
  const old = { rawKey: Buffer.alloc(32, 1) }
  const next = { rawKey: Buffer.alloc(32, 2) }
  const opens = (storage: Storage, key: KeySource) =>
    openRepository(storage, key).then(
      () => true,
      () => false,
    )

  it('the new key opens and the old one does not; other slots stay', async () => {
    const storage = createMemoryStorage()
    const repository = await initRepository(storage, old)
    const other = { rawKey: Buffer.alloc(32, 3) }
    await addKeySlot(repository, old, other, { label: 'other' })
    const { added, removed } = await rotateKeySlot(repository, old, next, { label: 'next' })
    expect(added).toMatchObject({ label: 'next', kind: 'raw_key' })
    expect(removed).toHaveLength(1)
    expect([await opens(storage, old), await opens(storage, next), await opens(storage, other)]).toEqual([
      false,
      true,
      true,
    ])
    await expect(rotateKeySlot(repository, next, next)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await expect(rotateKeySlot(repository, old, { rawKey: Buffer.alloc(32, 4) })).rejects.toMatchObject({
      code: 'WRONG_KEY',
    })
  })

  it('killed at any operation the old key or the new one opens, and doing it again ends it', async () => {
    let met = 0
    for (const moment of ['before', 'after', 'half-way'] as const)
      for (let operation = 1; ; operation++) {
        const storage = createMemoryStorage()
        const repository = await initRepository(storage, old)
        const faulty = createFaultyStorage(storage, { operation, moment, stop: true })
        await rotateKeySlot({ ...repository, storage: faulty }, old, next).catch(() => {})
        if (!faulty.faultMet) break
        met++
        const oldOpens = await opens(storage, old)
        expect(oldOpens || (await opens(storage, next))).toBe(true)
        if (oldOpens) await rotateKeySlot(repository, old, next)
        expect([await opens(storage, old), await opens(storage, next)]).toEqual([false, true])
      }
    expect(met).toBeGreaterThan(20)
  })
})
