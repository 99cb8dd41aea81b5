import type { LeafMask } from './column-mask.ts'

/** Masks by path, as a tree: `*` are members, or elements, that no other name fits. */
export interface JsonRules {
  mask: LeafMask | null
  members: Map<string, JsonRules>
}

export type LeafMasker = (value: string, mask: LeafMask) => string | null

/** `$.a."b c"[*].d` -> ['a', 'b c', '*', 'd']; null where it is not such a path. */
export function parseJsonPath(path: string): string[] | null {
  const steps: string[] = []
  let rest = path.slice(1)
  while (rest !== '') {
    const step = /^(?:\.([A-Za-z0-9_$-]+|\*)|\."((?:[^"\\]|\\.)*)"|\[(\*)\])/.exec(rest)
    if (!step) return null
    const [whole, plain, quoted, star] = step
    steps.push(plain ?? star ?? JSON.parse(`"${quoted}"`))
    rest = rest.slice(whole.length)
  }
  return steps
}

export function jsonRules(paths: readonly { path: readonly string[]; mask: LeafMask }[]): JsonRules {
  const root: JsonRules = { mask: null, members: new Map() }
  for (const { path, mask } of paths) {
    let at = root
    for (const step of path) {
      const next = at.members.get(step) ?? { mask: null, members: new Map() }
      at.members.set(step, next)
      at = next
    }
    at.mask = mask
  }
  return root
}

const deepest = 500

/**
 * A JSON text with its values masked by path. What is kept is copied as it stands, so that numbers keep all their digits.
 * Members that no path names are left out, since keys can be data too; under `*` keys are replaced. What cannot be understood
 * becomes null.
 */
export function maskJson(text: string, rules: JsonRules, leaf: LeafMasker): string {
  const reader = new JsonText(text)
  try {
    const masked = maskValue(reader, rules, leaf)
    return reader.atEnd() ? masked : 'null'
  } catch (error) {
    if (error instanceof NotJson) return 'null'
    throw error
  }
}

function maskValue(reader: JsonText, rules: JsonRules, leaf: LeafMasker): string {
  const { mask } = rules
  if (mask?.kind === 'keep') return reader.skip()
  const opens = reader.peek()
  if (mask !== null) {
    const raw = reader.skip()
    // A container has no value of its own: whatever is in it goes.
    if (mask.kind === 'null' || raw === 'null' || opens === '{' || opens === '[') return 'null'
    const masked = leaf(opens === '"' ? stringOf(raw) : raw, mask)
    return masked === null ? 'null' : quote(masked)
  }
  if (opens === '{') return maskObject(reader, rules, leaf)
  if (opens === '[') return maskArray(reader, rules, leaf)
  reader.skip()
  return 'null'
}

function maskObject(reader: JsonText, { members }: JsonRules, leaf: LeafMasker): string {
  const any = members.get('*')
  const written: string[] = []
  reader.members((rawKey) => {
    const named = members.get(stringOf(rawKey))
    if (named) written.push(`${rawKey}: ${maskValue(reader, named, leaf)}`)
    else if (any) {
      const key = any.mask?.kind === 'keep' ? rawKey : `"k${written.length}"`
      written.push(`${key}: ${maskValue(reader, any, leaf)}`)
    } else reader.skip()
  })
  return `{${written.join(', ')}}`
}

function maskArray(reader: JsonText, { members }: JsonRules, leaf: LeafMasker): string {
  const any = members.get('*')
  const written: string[] = []
  reader.elements(() => {
    if (any) written.push(maskValue(reader, any, leaf))
    else reader.skip()
  })
  return `[${written.join(', ')}]`
}

/** The bytes of a string as Latin-1; escapes of characters beyond that become UTF-8 ones, as in a column of text. */
function stringOf(raw: string): string {
  if (!raw.includes('\\')) return raw.slice(1, -1)
  return raw
    .slice(1, -1)
    .replace(/(?:\\u[0-9a-fA-F]{4})+/g, (units) =>
      Buffer.from(JSON.parse(`"${units}"`) as string, 'utf8').toString('latin1'),
    )
    .replace(/\\(["\\/bfnrt])/g, (_, char: string) => escapes[char] ?? char)
}

const escapes: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }
const quote = (text: string) => JSON.stringify(text)

class NotJson extends Error {}

/** Reads a JSON text forward; throws {@link NotJson}, which says nothing of the text. */
class JsonText {
  private readonly text: string
  private at = 0
  private depth = 0

  constructor(text: string) {
    this.text = text
  }

  peek(): string {
    while (' \t\n\r'.includes(this.text.charAt(this.at)) && this.at < this.text.length) this.at++
    return this.text.charAt(this.at)
  }

  atEnd(): boolean {
    return this.peek() === ''
  }

  /** The whole of the next value, as it is written. */
  skip(): string {
    const opens = this.peek()
    const start = this.at
    if (opens === '{') this.members(() => void this.skip())
    else if (opens === '[') this.elements(() => void this.skip())
    else if (opens === '"') this.string()
    else this.word()
    return this.text.slice(start, this.at)
  }

  members(visit: (rawKey: string) => void): void {
    this.list('}', () => {
      if (this.peek() !== '"') throw new NotJson()
      const start = this.at
      this.string()
      const key = this.text.slice(start, this.at)
      this.expect(':')
      visit(key)
    })
  }

  elements(visit: () => void): void {
    this.list(']', visit)
  }

  private list(close: string, item: () => void): void {
    if (++this.depth > deepest) throw new NotJson()
    this.at++
    if (this.peek() !== close) {
      item()
      while (this.peek() !== close) {
        this.expect(',')
        item()
      }
    }
    this.at++
    this.depth--
  }

  private expect(char: string): void {
    if (this.peek() !== char) throw new NotJson()
    this.at++
  }

  private string(): void {
    for (let end = this.at + 1; ; end++) {
      const char = this.text.charAt(end)
      if (char === '') throw new NotJson()
      if (char === '\\') end++
      else if (char === '"') {
        this.at = end + 1
        return
      }
    }
  }

  private word(): void {
    const word = /[-+.0-9A-Za-z]+/y
    word.lastIndex = this.at
    if (!word.test(this.text)) throw new NotJson()
    this.at = word.lastIndex
  }
}
