import { mask } from '../mask.ts'
import type { SchemaPart } from './describe-objects.ts'

/**
 * A table's text as pg_dump writes it, in parts: columns, constraints within the parentheses, what stands around them
 * (`UNLOGGED`, `PARTITION BY`, `INHERITS`, `WITH`), and statements that follow (`SET STATISTICS`, `REPLICA IDENTITY`).
 */
export function splitTable(definition: string): SchemaPart[] {
  const [create = '', ...statements] = splitStatements(definition)
  const parts: SchemaPart[] = []
  const masked = mask(create)
  const open = masked.indexOf('(')
  const close = open < 0 ? -1 : masked.indexOf(')', open)
  const head = (open < 0 ? create : create.slice(0, open)).trim()
  const tail = (close < 0 ? '' : create.slice(close + 1)).trim()
  parts.push({ part: 'kind', name: '', text: head.replace(/ "(?:[^"]|"")+"\.\S.*$| [^\s."]+\.\S.*$/, '') })
  if (tail !== '') parts.push({ part: 'form', name: '', text: tail.replace(/\s+/g, ' ') })
  let start = open + 1
  for (let end = start; open >= 0 && end <= close; end++) {
    if (masked[end] !== ',' && end !== close) continue
    const item = create.slice(start, end).trim()
    start = end + 1
    if (item === '') continue
    const constraint = new RegExp(`^CONSTRAINT (${identifier}) `).exec(item)?.[1]
    if (constraint !== undefined) parts.push({ part: 'constraint', name: unquoted(constraint), text: item })
    else if (/^(?:CHECK|NOT NULL) /.test(item)) parts.push({ part: 'constraint', name: item, text: item })
    else {
      const name = new RegExp(`^(?:${identifier})`).exec(item)?.[0] ?? item
      parts.push({ part: 'column', name: unquoted(name), text: item.slice(name.length).trim() })
    }
  }
  for (const text of statements) parts.push({ part: 'setting', name: settingName(text), text })
  return parts
}

const identifier = String.raw`"(?:[^"]|"")+"|[^\s."]+`

/** By semicolons that are no part of a name or a text. */
function splitStatements(definition: string): string[] {
  const statements: string[] = []
  let quote = ''
  let start = 0
  for (let index = 0; index < definition.length; index++) {
    const unit = definition[index] as string
    if (quote !== '') {
      if (unit === quote) quote = ''
    } else if (unit === '"' || unit === "'") quote = unit
    else if (unit === ';') {
      statements.push(definition.slice(start, index).trim())
      start = index + 1
    }
  }
  statements.push(definition.slice(start).trim())
  return statements.filter((text) => text !== '')
}

/** `ALTER TABLE ONLY s.t ALTER COLUMN c SET STATISTICS 100` is about c's statistics. */
function settingName(statement: string): string {
  const match = new RegExp(`ALTER COLUMN (${identifier}) SET ([A-Z]+)`).exec(statement)
  return match
    ? `${unquoted(match[1] ?? '')} ${match[2]?.toLowerCase()}`
    : statement.replace(/^ALTER .*?(?=[A-Z]{3,} [A-Z])/, '')
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name
}
