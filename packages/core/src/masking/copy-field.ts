const escaped: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }
const special = /[\\\b\f\n\r\t\v]/
const written: Record<string, string> = {
  ...{ '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v', '\\': '\\\\' },
}

/** The value of a field of COPY text that is not NULL. */
export function unescapeField(raw: string): string {
  return raw.includes('\\') ? raw.replace(/\\(.)/gs, (_, char: string) => escaped[char] ?? char) : raw
}

/** A value as a field of COPY text. */
export function escapeField(value: string): string {
  return special.test(value) ? value.replace(/[\\\b\f\n\r\t\v]/g, (char) => written[char] ?? char) : value
}
