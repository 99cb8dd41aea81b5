import { createCipheriv, createHash, randomBytes, scryptSync } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeKeySlot, openKeySlot } from '../../packages/core/src/repository/keys/key-slot.ts'
import { deriveKey } from '../../packages/core/src/repository/keys/keys.ts'

/** The least that a reader accepts: 16 MiB instead of 128. */
const cost = { n: 2 ** 14, r: 8, p: 1 }

/**
 * Makes the passphrase of a repository in a folder cheap to try, for tests of many commands that are not about it: each
 * command derives the key anew, and with the ordinary cost that is a third of what it takes. To be called after `init`.
 */
export async function cheapenPassphrase(repository: string, passphrase: string): Promise<void> {
  const folder = join(repository, 'keys')
  for (const name of await readdir(folder)) {
    const slot = decodeKeySlot(`keys/${name}`, await readFile(join(folder, name)))
    const master = slot && (await openKeySlot(slot, { passphrase }))
    if (!master) throw new Error(`keys/${name} is not a slot of this passphrase`)
    const line = JSON.stringify({ ...JSON.parse(slot.line), scrypt: cost })
    const salt = Buffer.from(slot.salt, 'hex')
    const options = { N: cost.n, r: cost.r, p: cost.p }
    const secret = scryptSync(passphrase.normalize('NFC'), salt, 32, options)
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', deriveKey(secret, 'lifeboat/1 key slot', 32, salt), nonce)
    cipher.setAAD(Buffer.from(line))
    const sealed = Buffer.concat([cipher.update(master), cipher.final()])
    const check = deriveKey(secret, 'lifeboat/1 key check', 16, salt)
    const lines = `${line}\n${Buffer.concat([check, nonce, sealed, cipher.getAuthTag()]).toString('hex')}\n`
    await writeFile(join(folder, name), `${lines}${createHash('sha256').update(lines).digest('hex')}\n`)
  }
}
