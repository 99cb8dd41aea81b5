import { randomBytes } from 'node:crypto'

/** PostgreSQL cuts names at this many bytes (NAMEDATALEN - 1). */
const nameBytes = 63
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const copyPrefix = 'lifeboat_copy_'

/** A letter and 15 characters of Crockford's base32. */
export function newRestoreId(): string {
  return `r${Array.from(randomBytes(15), (byte) => alphabet[byte % 32]).join('')}`
}

export function isRestoreId(text: string): boolean {
  return /^r[0-9a-hjkmnp-tv-z]{15}$/.test(text)
}

/** The name a database bears while a restore fills it. Nothing else is ever cleaned up as a leftover. */
export function copyDatabaseName(restoreId: string): string {
  return `${copyPrefix}${restoreId}`
}

/** The restore that a database name of {@link copyDatabaseName} belongs to. */
export function restoreIdOfCopy(databaseName: string): string | undefined {
  if (!databaseName.startsWith(copyPrefix)) return undefined
  const id = databaseName.slice(copyPrefix.length)
  return isRestoreId(id) ? id : undefined
}

/**
 * `<database>_before_<YYYYMMDDHHMMSS>` (UTC), the database's name cut so that the whole fits 63 bytes without splitting
 * a character. `taken` names are avoided by moving on second by second.
 */
export function keptDatabaseName(database: string, at: Date, taken: readonly string[] = []): string {
  for (let time = at.getTime(); ; time += 1000) {
    const stamp = new Date(time).toISOString().replace(/\D/g, '').slice(0, 14)
    const suffix = `_before_${stamp}`
    const name = `${cutBytes(database, nameBytes - suffix.length)}${suffix}`
    if (!taken.includes(name)) return name
  }
}

/** Whether a name is one that {@link keptDatabaseName} gives to `database`. */
export function isKeptDatabaseName(name: string, database: string): boolean {
  const suffix = /_before_\d{14}$/.exec(name)?.[0]
  return suffix !== undefined && name === `${cutBytes(database, nameBytes - suffix.length)}${suffix}`
}

/** At most `bytes` bytes of UTF-8, whole characters only. */
export function cutBytes(text: string, bytes: number): string {
  let length = 0
  let cut = ''
  for (const character of text) {
    length += Buffer.byteLength(character)
    if (length > bytes) break
    cut += character
  }
  return cut
}
