import { EngineError, isEngineError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import { damaged } from '../damage.ts'
import type { UnreadableOptions } from '../documents/unreadable.ts'
import { configName, prefixes } from '../layout.ts'
import type { Repository } from '../repository.ts'
import {
  checkKeySource,
  decodeKeySlot,
  encodeKeySlot,
  type KeySlot,
  keySlotName,
  kindOfKey,
  openKeySlot,
} from './key-slot.ts'
import { deriveKeys, type KeySource, type SlotKey } from './keys.ts'
import { damagedSlots, readKeySlots, type StoredKeySlots } from './read-key-slots.ts'
import { removeKeySlot } from './remove-key-slot.ts'

export interface KeySlotInfo {
  slot: string
  kind: KeySlot['kind']
  label: string
  createdAt: string
  /** Of kind kms. */
  kmsKey: string | null
  /** Of kind age. */
  recipients: string[] | null
}

/** The key slots of a repository, oldest first. What cannot be read is noted in `unreadable`, and keeps nothing else back. */
export async function listKeySlots(
  repository: Repository,
  { unreadable }: UnreadableOptions = {},
): Promise<KeySlotInfo[]> {
  const { slots, errors } = await readKeySlots(repository.storage, repository.id)
  for (const { code, message, detail } of errors)
    unreadable?.push({
      object: String((detail.objects as string[])?.[0] ?? detail.object ?? prefixes.keys),
      code,
      message,
    })
  return slots.map(infoOf).sort((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt))
}

/**
 * Adds a second way in. `current` must open the repository; the master key is fetched with it and not kept.
 * Throws `CONFIG_INVALID` for `encryption: 'none'` on an encrypted repository: that would open it to everybody.
 */
export async function addKeySlot(
  repository: Repository,
  current: KeySource,
  added: SlotKey,
  options: { label?: string } = {},
): Promise<KeySlotInfo> {
  checkKeySource(added)
  if ('encryption' in added || repository.config.encryption === 'none') {
    throw new EngineError(
      'CONFIG_INVALID',
      'Key slots can only be added to an encrypted repository, and only for a key.',
    )
  }
  const { master } = await findMasterKey(repository.storage, repository.id, current, () => true)
  const { slot, data } = await encodeKeySlot(repository.id, master, added, options.label ?? '')
  const name = keySlotName(slot)
  await repository.storage.put(name, data, { ifAbsent: true })
  const stored = decodeKeySlot(name, await repository.storage.get(name))
  if (stored === null) throw damaged(name, 'is not what was written')
  return infoOf(stored)
}

function infoOf({ slot, kind, label, created_at, kms_key, recipients }: KeySlot): KeySlotInfo {
  return { slot, kind, label, createdAt: created_at, kmsKey: kms_key ?? null, recipients: recipients ?? null }
}

/**
 * Puts a new key in the place of the one given: a slot for it is added, read back and opened, and only then every slot
 * that `current` opens is removed. Broken off in between, both keys open the repository; doing it again ends it. The
 * master key stays: who kept the old key *and* a copy of its slot can still open what they could open before.
 */
export async function rotateKeySlot(
  repository: Repository,
  current: KeySource,
  next: KeySource,
  options: { label?: string } = {},
): Promise<{ added: KeySlotInfo | null; removed: string[] }> {
  const { storage, id } = repository
  const old = await slotsOpenedBy(repository, current)
  const ready = await slotsOpenedBy(repository, next)
  if (ready.some((slot) => old.includes(slot)))
    throw new EngineError('CONFIG_INVALID', 'The new key is the one in use.')
  const added = ready.length === 0 ? await addKeySlot(repository, current, next, options) : null
  const { master } = await findMasterKey(storage, id, next, (candidate) => {
    const { config } = deriveKeys(candidate)
    return Buffer.from(config).equals(Buffer.from(repository.keys.config))
  })
  master.fill(0)
  for (const slot of old) await removeKeySlot(repository, slot)
  return { added, removed: old }
}

/** The slots a key opens; none where it is not a key of this repository. */
export async function slotsOpenedBy(repository: Repository, key: KeySource): Promise<string[]> {
  const { slots } = await readKeySlots(repository.storage, repository.id)
  const opened: string[] = []
  for (const slot of slots)
    if (slot.kind === kindOfKey(key) && (await openKeySlot(slot, key)) !== null) opened.push(slot.slot)
  return opened
}

/**
 * The master key a key opens. Tries every slot of the key's kind until `isRight` accepts. Throws `WRONG_KEY` when
 * slots are sound and none opens, `REPOSITORY_DAMAGED` when the one that might have is damaged.
 */
export async function findMasterKey(
  storage: Storage,
  repository: string,
  key: KeySource,
  isRight: (masterKey: Buffer) => boolean,
): Promise<{ master: Buffer; slot: string }> {
  return findMasterKeyIn(await readKeySlots(storage, repository), key, isRight)
}

/** The same among slots that have been read, and those that more are read of. */
export async function findMasterKeyIn(
  stored: StoredKeySlots,
  key: KeySource,
  isRight: (masterKey: Buffer, slot: KeySlot) => boolean | Promise<boolean>,
): Promise<{ master: Buffer; slot: string }> {
  const kind = kindOfKey(key)
  const slots: KeySlot[] = []
  const errors: EngineError[] = []
  let opened = false
  let failure: unknown
  for (let page: StoredKeySlots | undefined = stored; page; page = await page.more?.()) {
    slots.push(...page.slots)
    errors.push(...page.errors)
    for (const slot of page.slots.filter((candidate) => candidate.kind === kind)) {
      const master = await openKeySlot(slot, key).catch((error: unknown) => {
        // Another slot may open: an altered slot, or a KMS that is away, must not keep a holder of another key out.
        if (!isEngineError(error, 'KMS_UNAVAILABLE') && !isEngineError(error, 'REPOSITORY_DAMAGED')) throw error
        failure ??= error
        return null
      })
      if (master === null) continue
      if (await isRight(master, slot)) return { master, slot: slot.slot }
      opened = true
    }
  }
  if (failure !== undefined) throw failure
  if (errors.length > 0) throw damagedSlots(errors)
  if (opened) throw damaged(configName, 'was altered: a key slot opens, but its key did not write this object')
  if (slots.length === 0) throw damaged(prefixes.keys, 'holds no key slot of this repository')
  throw refusal(key, slots)
}

function refusal(key: KeySource, slots: KeySlot[]): EngineError {
  const kind = kindOfKey(key)
  const has = (wanted: KeySlot['kind']) => slots.some((slot) => slot.kind === wanted)
  if (kind === 'none')
    return new EngineError('KEY_MISSING', 'The repository is encrypted; a passphrase or key is needed.')
  if (has('none')) {
    return new EngineError('WRONG_KEY', 'The repository is not encrypted, and opens with no key.', {
      advice: 'Ask for encryption "none" by that name, if this is the repository you meant.',
    })
  }
  const what = 'kms' in key ? `KMS key "${key.kms.id}"` : whatOf[kind]
  return new EngineError(
    'WRONG_KEY',
    `The ${what} does not open the repository${has(kind) ? '' : `: it has no key slot of this kind`}.`,
  )
}

const whatOf = { passphrase: 'passphrase', raw_key: 'raw key', kms: 'KMS key', age: 'age identity', none: 'key' }
