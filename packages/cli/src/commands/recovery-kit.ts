import { randomBytes } from 'node:crypto'
import type { RecoveryKit } from '@lifeboat/core'
import { storagePackage } from '@lifeboat/core/storage'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatTime } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatFields } from '../output/table.ts'
import { printKey } from '../printed-key.ts'

export const recoveryKitCommand: CommandDefinition = {
  name: 'recovery-kit',
  description:
    'A page to print and keep elsewhere: what the repository is and how to get the data out. Without secrets, unless asked.',
  examples: ['lifeboat recovery-kit > recovery-kit.txt', 'lifeboat recovery-kit --new-key | lpr'],
  configure(command, signal) {
    command.option('--new-key', 'make a key for this page and print it there: the page is then a secret')
    command.action(async (options: CommonOptions & { newKey?: boolean }) => {
      await withSession(options, { signal }, async ({ engine, finish }) => {
        const own = options.newKey ? randomBytes(32) : undefined
        const label = `recovery kit of ${new Date().toISOString().slice(0, 10)}`
        const slot = own && (await engine.keys.add({ rawKey: own }, { label }))
        const kit = await engine.keys.recoveryKit()
        await finish()
        const key = own && slot ? { slot: slot.slot, printed: printKey(own) } : undefined
        writeResult(options, { recovery_kit: { ...kit, ...(own ? { key: own.toString('hex') } : {}) } }, page(kit, key))
      })
    })
  },
}

function page(kit: RecoveryKit, own: { slot: string; printed: string } | undefined): string {
  const sealed = kit.encryption !== 'none'
  const kinds = new Set(kit.slots.map(({ kind }) => kind))
  const hasPassphrase = kinds.has('passphrase') && !own
  const key = !sealed ? '' : ` ${own ? '--key-file key.txt' : keyFlags(kinds, kit.fingerprint)}`
  const at = `--repository ${quote(kit.location)}${key}`
  const parts = [
    `LIFEBOAT RECOVERY KIT\n=====================\n\nKeep this page where neither the server nor the backups are. ${own ? 'IT HOLDS A KEY THAT OPENS EVERYTHING.' : 'It holds no secret.'}`,
    formatFields([
      ['repository', kit.repository],
      ['location', kit.location],
      ['made', formatTime(kit.created_at)],
      ['format', String(kit.format)],
      ['fingerprint', kit.fingerprint],
      ['encryption', sealed ? 'AES-256-GCM' : 'none: anyone who can read the location can read the backups'],
    ]),
    sealed
      ? `Keys: any one of these opens everything. Without a key no one can open it.\n${kit.slots
          .map(
            ({ slot, kind, label, created_at, kms_key, recipients }) =>
              `  ${slot.slice(0, 8)}  ${kind}  ${label}  ${formatTime(created_at)}${kms_key ? `  ${kms_key}` : ''}${recipients ? `  ${recipients.join(' ')}` : ''}`,
          )
          .join(
            '\n',
          )}\n\n  ${own ? 'Another' : `The ${nameOfKey(kinds)}`} is kept at: ______________________________________${kinds.has('kms') || kinds.has('age') ? wrappedNote : ''}`
      : '',
    own
      ? `The key of this page (slot ${own.slot.slice(0, 8)}). Type these lines into a file key.txt; each ends in two check digits:\n\n${own.printed.replaceAll(/^/gm, '  ')}`
      : '',
    /^[a-z0-9]+:\/\//.test(kit.location)
      ? 'The storage needs credentials of its own (docs/storage.md says which).\n\n  They are kept at: ______________________________________________'
      : '',
    `On a machine with Node.js 22.18 or newer:\n
  npm install --global @lifeboat/cli${sdkOf(kit.location)}
  lifeboat list ${at}
  lifeboat verify latest ${at}
  lifeboat restore latest ${at} \\
    --database-url postgresql://USER:PASSWORD@HOST:5432/DATABASE --dry-run

Leave out --dry-run to do it. ${hasPassphrase ? 'With a raw key: --key-file FILE in place of --passphrase-file.\n' : ''}A standard PostgreSQL dump, for pg_restore: lifeboat export latest ${at}`,
    kit.recover_sha256 === null
      ? ''
      : `Without Lifeboat: copy the repository to a folder, and look at the program in it first:\n
  sha256sum recover.mjs     must print
  ${kit.recover_sha256}
  node recover.mjs --help`,
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

const wrappedNote = `

  A slot of kind kms opens by the configuration (lifeboat.config.ts) where the KMS answers, one of kind age with
  --age-identity FILE. recover.mjs calls no KMS and reads no age file: it needs another slot, or what
  the KMS or age unwraps (recover.mjs --help says how).`

/** The option for the key that a person most likely has on an empty machine. */
function keyFlags(kinds: Set<string>, fingerprint: string): string {
  if (kinds.has('passphrase')) return '--passphrase-file passphrase.txt'
  if (kinds.has('raw_key')) return '--key-file key.txt'
  return kinds.has('age') ? `--age-identity identity.txt --fingerprint ${fingerprint}` : '--config lifeboat.config.ts'
}

function nameOfKey(kinds: Set<string>): string {
  if (kinds.has('passphrase')) return 'passphrase'
  if (kinds.has('raw_key')) return 'key'
  return kinds.has('age') ? 'age identity' : 'configuration with the KMS'
}

/** In single quotes for a shell. */
function quote(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

function sdkOf(location: string): string {
  const sdk = storagePackage(location)
  return sdk === undefined ? '' : ` ${sdk}`
}
