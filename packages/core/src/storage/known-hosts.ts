import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** The keys that an OpenSSH `known_hosts` file has for a host. */
export interface KnownHostKeys {
  /** Raw public keys, as the server sends them. */
  accepted: Buffer[]
  /** Keys that must never be accepted (`@revoked`). */
  revoked: Buffer[]
}

/** Reads `known_hosts`: plain, wildcard and hashed names, `[host]:port`; certificate authorities are left out. */
export function readKnownHosts(text: string, host: string, port: number): KnownHostKeys {
  const keys: KnownHostKeys = { accepted: [], revoked: [] }
  const wanted = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/)
    if (fields[0] === '' || fields[0]?.startsWith('#')) continue
    const marker = fields[0]?.startsWith('@') ? fields.shift() : undefined
    const [names = '', , key = ''] = fields
    if (marker === '@cert-authority' || key === '' || !matches(names, wanted)) continue
    ;(marker === '@revoked' ? keys.revoked : keys.accepted).push(Buffer.from(key, 'base64'))
  }
  return keys
}

function matches(names: string, wanted: string): boolean {
  let found = false
  for (const name of names.split(',')) {
    if (name.startsWith('|1|')) found ||= isHashOf(name, wanted)
    else if (name.startsWith('!')) {
      if (glob(name.slice(1)).test(wanted)) return false
    } else found ||= glob(name).test(wanted)
  }
  return found
}

function isHashOf(hashed: string, name: string): boolean {
  const [, , salt = '', hash = ''] = hashed.split('|')
  const expected = Buffer.from(hash, 'base64')
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest()
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}

function glob(pattern: string): RegExp {
  const source = pattern
    .toLowerCase()
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`)
}

/** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, …: the first field of a raw public key. */
export function typeOfHostKey(key: Buffer): string {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0
  return key.toString('latin1', 4, 4 + Math.min(length, 100))
}

/** As `ssh-keygen -l` shows it: `SHA256:` and base64 without padding. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}
