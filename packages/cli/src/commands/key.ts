import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { EngineError, type KeyOption, type KeySlotSummary, type KmsKey } from '@lifeboat/core'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, keyFrom, withSession } from '../options.ts'
import { formatTime } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatTable } from '../output/table.ts'
import { askConfirmation } from '../prompts.ts'

interface KeyFlags extends CommonOptions {
  newPassphraseFile?: string
  newKeyFile?: string
  ageRecipient?: string[]
  kmsModule?: string
  label?: string
}

export const keyCommand: CommandDefinition = {
  name: 'key',
  description: 'The keys that open the repository: list, add, remove, or rotate the one in use.',
  examples: [
    'lifeboat key list',
    'lifeboat key add --new-passphrase-file second --label "in the safe"',
    'lifeboat key add --age-recipient age1xfzrsu0yue4fjm0p0l95lu9yfz7j8lvppff0mmwlztas3h7pfylsgnd2fs --label officer',
    'lifeboat key add --kms-module ./kms.ts --label kms',
    'lifeboat key rotate --new-passphrase-file next',
    'lifeboat key remove "in the safe"',
  ],
  configure(command, signal) {
    command
      .argument('<action>', 'list, add, remove or rotate')
      .argument('[slot]', 'for remove: the first characters of the slot, or its label')
      .option('--new-passphrase-file <file>', 'file with the new passphrase')
      .option('--new-key-file <file>', 'file with the new raw key: 32 bytes, or 64 hex digits')
      .option(
        '--age-recipient <age1...>',
        'public keys of age: the holder of one of their identities can open',
        collect,
      )
      .option('--kms-module <file>', 'module whose export `kms` is a KMS key: { id, wrap, unwrap }')
      .option('--label <text>', 'name of the new slot, for people')
      .action(async (action: string, reference: string | undefined, options: KeyFlags) => {
        const act = Object.hasOwn(actions, action) ? actions[action] : undefined
        if (!act)
          throw new EngineError('USAGE', `There is no key ${JSON.stringify(action)}.`, {
            advice: `One of: ${Object.keys(actions).join(', ')}.`,
          })
        if ((reference !== undefined) !== (action === 'remove'))
          throw new EngineError('USAGE', 'A slot is named to remove it, and only then.')
        await act(options, signal, reference ?? '')
      })
  },
}

type Action = (options: KeyFlags, signal: AbortSignal, reference: string) => Promise<void>

const actions: Record<string, Action> = {
  list: (options, signal) =>
    withSession(options, { signal }, async ({ engine, finish }) => {
      const slots = await engine.keys.list()
      const { fingerprint } = await engine.repository.describe()
      await finish()
      writeResult(
        options,
        { keys: slots, fingerprint },
        `${slotTable(slots)}\nfingerprint of the repository: ${fingerprint}`,
      )
    }),

  async add(options, signal) {
    const { ageRecipient: ageRecipients } = options
    const key = ageRecipients ? { ageRecipients } : await newKey(options)
    await withSession(options, { signal }, async ({ engine, running, finish }) => {
      const slot = await engine.keys.add(key, { ...running, label: options.label })
      await finish()
      writeResult(options, { key: slot }, `The new key opens the repository, by slot ${slot.slot.slice(0, 8)}.`)
    })
  },

  remove: (options, signal, reference) =>
    withSession(options, { signal }, async ({ engine, finish }) => {
      await askConfirmation(
        `Remove the key slot ${reference}? Its key will open nothing any more.`,
        options.yes === true,
      )
      const slot = await engine.keys.remove(reference)
      await finish()
      writeResult(options, { removed: slot }, `Slot ${slot.slot.slice(0, 8)} (${slot.label || slot.kind}) is removed.`)
    }),

  async rotate(options, signal) {
    if (options.ageRecipient)
      throw new EngineError('USAGE', 'A key is rotated to one that can be tried, and a recipient cannot open.', {
        advice: 'Add the recipient (`key add`), see that its identity opens, and remove the old key (`key remove`).',
      })
    const key = await newKey(options)
    await withSession(options, { signal }, async ({ engine, running, finish }) => {
      const rotated = await engine.keys.rotate(key, { ...running, label: options.label })
      await finish()
      writeResult(
        options,
        { rotated },
        'The new key opens the repository, the old one nothing any more.\nWho kept the old key and a copy of the repository from before can still open that copy.',
      )
    })
  },
}

const collect = (recipient: string, before: string[] = []) => [...before, recipient]

async function newKey(options: KeyFlags): Promise<KeyOption> {
  if (options.kmsModule) return { kms: await loadKms(options.kmsModule) }
  const key = await keyFrom({ passphraseFile: options.newPassphraseFile, keyFile: options.newKeyFile })
  if (key) return key
  throw new EngineError('USAGE', 'The new key is missing.', {
    advice: 'Give --new-passphrase-file, --new-key-file, --kms-module or, to add one, --age-recipient.',
  })
}

async function loadKms(path: string): Promise<KmsKey> {
  try {
    const { kms } = (await import(pathToFileURL(resolve(path)).href)) as { kms?: KmsKey }
    if (typeof kms?.wrap !== 'function' || typeof kms.unwrap !== 'function' || typeof kms.id !== 'string')
      throw new Error('it has no export `kms` with id, wrap and unwrap')
    return kms
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new EngineError('USAGE', `The module ${path} cannot be used: ${reason}`, { cause })
  }
}

function slotTable(slots: KeySlotSummary[]): string {
  return formatTable(
    [{ title: 'slot' }, { title: 'kind' }, { title: 'label' }, { title: 'made' }, { title: '' }],
    slots.map(({ slot, kind, label, created_at, opened_with }) => [
      ...[slot.slice(0, 8), kind, label, formatTime(created_at)],
      opened_with ? 'in use' : '',
    ]),
  )
}
