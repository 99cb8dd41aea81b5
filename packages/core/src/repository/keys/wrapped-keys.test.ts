import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { describe, expect, it } from 'vitest'
import type { KmsKey } from '../../options/key-option.ts'
import { createMemoryStorage } from '../../storage/memory.ts'
import { loadChunkIndex } from '../index/load-index.ts'
import { initRepository } from '../init.ts'
import { openRepository } from '../open.ts'
import { createRepositoryWriter } from '../repository-writer.ts'
import { addKeySlot, listKeySlots, rotateKeySlot, slotsOpenedBy } from './key-slots.ts'

const rawKey = { rawKey: Buffer.alloc(32, 5) }

/** A KMS inside this process: what docs/configuration.md shows, with AES-256-GCM and the context as associated data. */
function kmsInProcess(id = 'key-1', key = randomBytes(32)): KmsKey & { calls: string[] } {
  const calls: string[] = []
  return {
    id,
    calls,
    async wrap(secret, context) {
      calls.push(JSON.stringify(context))
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      cipher.setAAD(Buffer.from(JSON.stringify(context)))
      return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()])
    },
    async unwrap(wrapped, context) {
      const bytes = Buffer.from(wrapped)
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 })
      decipher.setAAD(Buffer.from(JSON.stringify(context)))
      decipher.setAuthTag(bytes.subarray(-16))
      try {
        return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
      } catch {
        return null
      }
    },
  }
}

describe('a KMS key', () => {
  it('opens the repository, under a context that names repository and slot', async () => {
    const storage = createMemoryStorage()
    const kms = kmsInProcess()
    const made = await initRepository(storage, { kms })
    const opened = await openRepository(storage, { kms })
    expect(opened).toMatchObject({ id: made.id, keys: made.keys, isProven: true, openedWith: made.openedWith })
    const [slot] = await listKeySlots(opened)
    expect(slot).toMatchObject({ kind: 'kms', kmsKey: 'key-1', recipients: null, slot: opened.openedWith })
    expect(JSON.parse(kms.calls[0] ?? '')).toEqual({
      purpose: 'lifeboat key slot',
      repository: made.id,
      slot: opened.openedWith,
    })
  })

  it('that is another one, or of another context, does not', async () => {
    const storage = createMemoryStorage()
    const secret = randomBytes(32)
    const kms = kmsInProcess('key-1', secret)
    const repository = await initRepository(storage, { kms })
    const wrong = { code: 'WRONG_KEY' }
    await expect(openRepository(storage, { kms: kmsInProcess('key-2', secret) })).rejects.toMatchObject(wrong)
    await expect(openRepository(storage, { kms: kmsInProcess('key-1') })).rejects.toMatchObject(wrong)
    await expect(openRepository(storage, rawKey)).rejects.toMatchObject(wrong)
    // The wrapped bytes of one repository in the slot of another one.
    const elsewhere = createMemoryStorage()
    const other = await initRepository(elsewhere, { kms })
    const wrapped = async (from: typeof storage, slot: string) =>
      JSON.parse((await from.get(`keys/${slot}`)).toString().split('\n')[0] ?? '').wrapped as string
    const foreign = Buffer.from(await wrapped(elsewhere, other.openedWith), 'base64')
    const context = { purpose: 'lifeboat key slot', repository: repository.id, slot: repository.openedWith } as const
    expect(await kms.unwrap(foreign, context, { signal: AbortSignal.abort() })).toBeNull()
  })

  it('that is away is reported so, and another slot still opens', async () => {
    const storage = createMemoryStorage()
    const kms = kmsInProcess()
    const repository = await initRepository(storage, { kms })
    await addKeySlot(repository, { kms }, rawKey, { label: 'recovery' })
    const away: KmsKey = { ...kms, unwrap: () => Promise.reject(new Error('connect ECONNREFUSED 127.0.0.1:1')) }
    await expect(openRepository(storage, { kms: away })).rejects.toMatchObject({
      code: 'KMS_UNAVAILABLE',
      retryable: true,
      message: 'The KMS key "key-1" did not unwrap a key: connect ECONNREFUSED 127.0.0.1:1',
      advice: expect.stringContaining('another key slot opens the repository'),
    })
    expect((await openRepository(storage, rawKey)).id).toBe(repository.id)
  })

  it('that does not answer is given up, and told to stop', async () => {
    const storage = createMemoryStorage()
    const kms = kmsInProcess()
    await initRepository(storage, { kms })
    let told: AbortSignal | undefined
    const silent: KmsKey = {
      ...kms,
      timeoutMs: 50,
      unwrap: (_wrapped, _context, { signal }) => {
        told = signal
        return new Promise(() => {})
      },
    }
    await expect(openRepository(storage, { kms: silent })).rejects.toMatchObject({
      code: 'KMS_UNAVAILABLE',
      message: expect.stringContaining('no answer within 0.05 s'),
    })
    expect(told?.aborted).toBe(true)
  })

  it('is not believed when it wraps nothing, or gives junk', async () => {
    const kms = kmsInProcess()
    const noWrap: KmsKey = { ...kms, wrap: async (secret) => secret }
    await expect(initRepository(createMemoryStorage(), { kms: noWrap })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
    const huge: KmsKey = { ...kms, wrap: async () => randomBytes(4000) }
    await expect(initRepository(createMemoryStorage(), { kms: huge })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    const storage = createMemoryStorage()
    await initRepository(storage, { kms })
    for (const junk of [randomBytes(32), Buffer.alloc(0), randomBytes(64)])
      await expect(openRepository(storage, { kms: { ...kms, unwrap: async () => junk } })).rejects.toMatchObject({
        code: 'WRONG_KEY',
      })
  })

  it('is rotated like any other, also to another KMS key', async () => {
    const storage = createMemoryStorage()
    const [one, two] = [{ kms: kmsInProcess('one') }, { kms: kmsInProcess('two') }]
    const repository = await initRepository(storage, one)
    await rotateKeySlot(repository, one, two)
    await expect(openRepository(storage, one)).rejects.toMatchObject({ code: 'WRONG_KEY' })
    expect(await slotsOpenedBy(repository, two)).toHaveLength(1)
    expect(await slotsOpenedBy(repository, one)).toEqual([])
  })
})

describe('an age recipient', async () => {
  const identity = await generateIdentity()
  const other = await generateIdentity()
  const recipient = await identityToRecipient(identity)

  const withRecipient = async () => {
    const storage = createMemoryStorage()
    const repository = await initRepository(storage, rawKey)
    const slot = await addKeySlot(repository, rawKey, { ageRecipients: [recipient] }, { label: 'officer' })
    return { storage, repository, slot }
  }

  it('has its identity open the repository, and no other one', async () => {
    const { storage, repository, slot } = await withRecipient()
    expect(slot).toMatchObject({ kind: 'age', recipients: [recipient], label: 'officer' })
    const file = `# created: 2026-01-01\n# public key: ${recipient}\n${identity}\n`
    const opened = await openRepository(storage, { ageIdentity: file })
    expect(opened).toMatchObject({ id: repository.id, keys: repository.keys, openedWith: slot.slot, isProven: false })
    await expect(openRepository(storage, { ageIdentity: other })).rejects.toMatchObject({ code: 'WRONG_KEY' })
    await expect(openRepository(storage, { ageIdentity: `${other}\n${identity}` })).resolves.toMatchObject({})
  })

  it('may be several, and a repository may be made for an identity', async () => {
    const storage = createMemoryStorage()
    const repository = await initRepository(storage, { ageIdentity: identity })
    const recipients = [await identityToRecipient(other), await identityToRecipient(await generateIdentity())]
    await addKeySlot(repository, { ageIdentity: identity }, { ageRecipients: recipients })
    expect((await openRepository(storage, { ageIdentity: other })).id).toBe(repository.id)
  })

  it('proves nothing without the fingerprint: nothing is written into what anybody could have made', async () => {
    const { storage, repository } = await withRecipient()
    const opened = await openRepository(storage, { ageIdentity: identity })
    const index = await loadChunkIndex(opened)
    expect(() => createRepositoryWriter(opened, { index })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', advice: expect.stringContaining('fingerprint') }),
    )
    const { fingerprint } = repository
    expect(fingerprint).toMatch(/^[0-9a-f]{32}$/)
    const proven = await openRepository(storage, { ageIdentity: identity, fingerprint })
    expect(() => createRepositoryWriter(proven, { index })).not.toThrow()

    // An attacker who can write to the storage puts a repository of his own there: he needs no more than the public
    // key.
    const forged = createMemoryStorage()
    const his = await initRepository(forged, { rawKey: Buffer.alloc(32, 6) })
    await addKeySlot(his, { rawKey: Buffer.alloc(32, 6) }, { ageRecipients: [recipient] })
    await expect(openRepository(forged, { ageIdentity: identity, fingerprint })).rejects.toMatchObject({
      code: 'WRONG_KEY',
      message: expect.stringContaining('fingerprint'),
    })
  })

  it('and identity that are none are refused, and never repeated', async () => {
    const repository = await initRepository(createMemoryStorage(), rawKey)
    const typo = `${recipient.slice(0, -1)}${recipient.endsWith('q') ? 'p' : 'q'}`
    for (const ageRecipients of [[], ['age1'], ['ssh-ed25519 AAAA'], [typo], Array(9).fill(recipient)])
      await expect(addKeySlot(repository, rawKey, { ageRecipients })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    for (const ageIdentity of ['', '# nothing', `${identity.slice(0, -1)}`, `${identity} x`, recipient]) {
      const error = await openRepository(repository.storage, { ageIdentity }).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'CONFIG_INVALID' })
      expect(String(error)).not.toContain('AGE-SECRET-KEY-1Q')
      expect(String(error)).not.toContain(identity.slice(20, 60))
    }
  })
})

describe('a slot of a kind that came later', () => {
  it('is passed over', async () => {
    const storage = createMemoryStorage()
    const repository = await initRepository(storage, rawKey)
    const { encodeKeySlot } = await import('./key-slot.ts')
    const { slot, data } = await encodeKeySlot(repository.id, randomBytes(32), rawKey, '')
    const { createHash } = await import('node:crypto')
    const [line = '', secret = ''] = data.toString().split('\n')
    const lines = `${line.replace('"raw_key"', '"tpm"')}\n${secret}\n`
    await storage.put(`keys/${slot}`, Buffer.from(`${lines}${createHash('sha256').update(lines).digest('hex')}\n`))
    expect((await openRepository(storage, rawKey)).id).toBe(repository.id)
    expect(await listKeySlots(repository)).toHaveLength(1)
  })
})
