import { t } from '../texts/texts.ts'
import type { FieldSpec } from './field-spec.ts'

/** What was typed, by field: a text, a check, or the same of a group. */
export interface Draft {
  [name: string]: string | boolean | Draft
}

/** The draft that shows values as they are; without one, what the schema says by default. */
export function draftOf(fields: readonly FieldSpec[], values: Readonly<Record<string, unknown>> = {}): Draft {
  return Object.fromEntries(fields.map((field) => [field.name, shown(field, values[field.name] ?? field.default)]))
}

function shown({ kind, fields = [] }: FieldSpec, value: unknown): Draft[string] {
  if (kind === 'check') return value === true
  if (kind === 'group') return draftOf(fields, (value ?? {}) as Record<string, unknown>)
  if (value === undefined || value === null) return ''
  if (kind === 'lines' && Array.isArray(value)) return value.join('\n')
  if (kind === 'pairs')
    return Object.entries(value as Record<string, string>)
      .map(([name, text]) => (text === '' ? name : `${name}=${text}`))
      .join('\n')
  if (kind === 'json') return JSON.stringify(value, null, 2)
  return String(value)
}

export interface ReadDraft {
  input: Record<string, unknown>
  /** By the path of the field, e.g. `exclude.tables`. */
  problems: Record<string, string>
}

/**
 * What is sent of a draft: what differs from `start`. What was left empty from the beginning is not said at all; what was
 * there and has been emptied is said to be empty.
 */
export function readDraft(fields: readonly FieldSpec[], draft: Draft, start: Draft): ReadDraft {
  const read: ReadDraft = { input: {}, problems: {} }
  for (const field of fields) {
    const { name, kind, required } = field
    const [value, before] = [draft[name], start[name]]
    if (kind === 'group') {
      const inner = readDraft(field.fields ?? [], (value ?? {}) as Draft, (before ?? {}) as Draft)
      if (Object.keys(inner.input).length > 0) read.input[name] = inner.input
      for (const [path, problem] of Object.entries(inner.problems)) read.problems[`${name}.${path}`] = problem
    } else if (kind === 'check') {
      if (value !== before || (required && value !== undefined)) read.input[name] = value === true
    } else {
      const text = typeof value === 'string' ? value.trim() : ''
      if (text === '' && required) read.problems[name] = t('This is needed.')
      else if (required || text !== (typeof before === 'string' ? before.trim() : '')) readText(field, text, read)
    }
  }
  return read
}

function readText(field: FieldSpec, text: string, { input, problems }: ReadDraft): void {
  const { name, kind } = field
  if (kind === 'number') {
    const problem = numberProblem(field, text)
    if (problem) problems[name] = problem
    else if (text !== '') input[name] = Number(text)
  } else if (kind === 'choice') {
    if (text !== '') input[name] = text === 'true' || text === 'false' ? text === 'true' : text
  } else if (kind === 'lines') input[name] = linesOf(text)
  else if (kind === 'pairs') input[name] = pairsOf(text)
  else if (kind === 'json') {
    try {
      input[name] = text === '' ? {} : JSON.parse(text)
    } catch {
      problems[name] = t('This is not JSON.')
    }
  } else if (field.numeric && /^-?\d+$/.test(text)) input[name] = Number(text)
  else if (!field.numeric || text !== '') input[name] = text
}

function numberProblem({ minimum, maximum }: FieldSpec, text: string): string | null {
  const value = Number(text)
  if (text === '') return null
  if (!Number.isFinite(value)) return t('A number.')
  const [low, high] = [minimum ?? Number.NEGATIVE_INFINITY, maximum ?? Number.POSITIVE_INFINITY]
  if (value >= low && value <= high) return null
  return Number.isFinite(high) && high < Number.MAX_SAFE_INTEGER
    ? t('From {low} to {high}.', { low: String(low), high: String(high) })
    : t('At least {low}.', { low: String(low) })
}

export const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** `name=value`, one a line; a name alone has the empty value. */
export function pairsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    linesOf(text).map((line) => {
      const at = line.indexOf('=')
      return at < 0 ? [line, ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()]
    }),
  )
}
