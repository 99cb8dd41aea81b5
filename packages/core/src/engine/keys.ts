import { EngineError } from '../errors.ts'
import type { KeyOption } from '../options/key-option.ts'
import { addKeySlot, type KeySlotInfo, listKeySlots, rotateKeySlot } from '../repository/keys/key-slots.ts'
import type { KeySource } from '../repository/keys/keys.ts'
import { removeKeySlot } from '../repository/keys/remove-key-slot.ts'
import { recoverName } from '../repository/layout.ts'
import type { Repository } from '../repository/repository.ts'
import type { EngineParts } from './parts.ts'
import { keySource } from './parts.ts'

/** One way to open the repository. Never holds a secret. */
export interface KeySlotSummary {
  slot: string
  kind: 'passphrase' | 'raw_key' | 'kms' | 'age' | 'none'
  label: string
  created_at: string
  /** Whether the engine opened the repository with it. */
  opened_with: boolean
  /** The id of the KMS key, where it is one. */
  kms_key: string | null
  /** The public keys it was made for, where it is of kind age. */
  recipients: string[] | null
}

/** What a person needs to reach the backups from an empty machine; without any secret. */
export interface RecoveryKit {
  repository: string
  location: string
  format: number
  encryption: 'aes-256-gcm' | 'none'
  created_at: string
  slots: KeySlotSummary[]
  /** Distinguishes the repository from one that an attacker made; no secret. */
  fingerprint: string
  /** SHA-256 of the recovery program that lies in the repository, or null where there is none. */
  recover_sha256: string | null
}

/** The keys that open the repository. */
export interface Keys {
  list(): Promise<KeySlotSummary[]>
  /**
   * Adds a second key. The key the engine works with must open the repository. With age recipients, each holder of one
   * of their identities can open it. `KMS_UNAVAILABLE`.
   */
  add(key: KeyOption | { ageRecipients: readonly string[] }, options?: { label?: string }): Promise<KeySlotSummary>
  /** By the slot's name, its first characters or its label. Refuses (`USAGE`) the last one. */
  remove(reference: string): Promise<KeySlotSummary>
  /** A new key in the place of the one the engine works with, which opens nothing any more. See `rotateKeySlot`. */
  rotate(key: KeyOption, options?: { label?: string }): Promise<{ added: KeySlotSummary | null; removed: string[] }>
  recoveryKit(): Promise<RecoveryKit>
}

export function createKeys(parts: EngineParts): Keys {
  const list = async () => {
    const repository = await parts.repository()
    return (await listKeySlots(repository)).map((slot) => summaryOf(slot, repository))
  }
  const current = async (): Promise<KeySource> => {
    const { encryption } = parts.settings
    if (encryption === undefined) throw new EngineError('KEY_MISSING', 'The key in use is needed to add another one.')
    return keySource(encryption)
  }

  return {
    list,
    async add(key, options) {
      const repository = await parts.repository()
      const added = 'ageRecipients' in key ? key : await keySource(key)
      return summaryOf(await addKeySlot(repository, await current(), added, options), repository)
    },
    async remove(reference) {
      const slots = await list()
      const found = slots.filter(({ slot, label }) => slot.startsWith(reference) || label === reference)
      const [slot] = found
      if (reference === '' || slot === undefined || found.length > 1)
        throw new EngineError(
          'USAGE',
          `${found.length > 1 ? 'Several key slots are' : 'No key slot is'} "${reference}".`,
          {
            advice: 'List them with {keys.list} and give more characters.',
          },
        )
      await removeKeySlot(await parts.repository(), slot.slot)
      return slot
    },
    async rotate(key, options) {
      const repository = await parts.repository()
      const { added, removed } = await rotateKeySlot(repository, await current(), await keySource(key), options)
      return { added: added && summaryOf(added, repository), removed }
    },
    async recoveryKit() {
      const { objectDigest } = await import('../maintenance/check-records.ts')
      const repository = await parts.repository()
      const { format, encryption, created_at } = repository.config
      return {
        repository: repository.id,
        location: repository.storage.location,
        format,
        encryption,
        created_at,
        slots: await list(),
        fingerprint: repository.fingerprint,
        recover_sha256: await objectDigest(repository, recoverName),
      }
    },
  }
}

function summaryOf(info: KeySlotInfo, { openedWith }: Repository): KeySlotSummary {
  const { slot, kind, label, createdAt: created_at, kmsKey: kms_key, recipients } = info
  return { slot, kind, label, created_at, opened_with: slot === openedWith, kms_key, recipients }
}
