/**
 * JSON as RFC 8785 (JCS) writes it: keys sorted by their UTF-16 code units, numbers and strings as ECMAScript writes
 * them, nothing between tokens. Equal values have equal texts, in every implementation of the standard. Throws
 * `TypeError` for what it has no text for: numbers that are not finite, lone surrogates, and what is not JSON.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} has no canonical JSON.`)
    return JSON.stringify(value)
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('A lone surrogate has no canonical JSON.')
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object') throw new TypeError(`A ${typeof value} has no canonical JSON.`)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${members.map(([key, entry]) => `${canonicalJson(key)}:${canonicalJson(entry)}`).join(',')}}`
}

/**
 * The plain JSON of a value, such that {@link canonicalJson} has a text for it and a database gives it back unchanged:
 * without what JSON leaves out, lone surrogates replaced by U+FFFD.
 */
export function plainJson<T>(value: T): T {
  const wellFormed = (_: string, entry: unknown): unknown => {
    if (typeof entry === 'string') return entry.toWellFormed()
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return entry
    const members = Object.entries(entry)
    if (members.every(([key]) => key.isWellFormed())) return entry
    return Object.fromEntries(members.map(([key, member]) => [key.toWellFormed(), member]))
  }
  return JSON.parse(JSON.stringify(value, wellFormed)) as T
}

/**
 * JSON with the keys of every object in order, so that equal values have equal texts in this program. Not RFC 8785: keys that
 * are integers come first. Events of version 1 are hashed by it.
 */
export function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, entry: unknown) =>
    typeof entry === 'object' && entry !== null && !Array.isArray(entry)
      ? Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : entry,
  )
}
