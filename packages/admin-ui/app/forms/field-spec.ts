import { capital, words } from '../parts/format.ts'
import { type Plain, t } from '../texts/texts.ts'

/** A field of a form, made from the JSON Schema of an input. */
export interface FieldSpec {
  name: string
  label: string
  hint: string
  kind: 'text' | 'long' | 'number' | 'check' | 'choice' | 'lines' | 'pairs' | 'json' | 'group'
  required: boolean
  minimum?: number | undefined
  maximum?: number | undefined
  maxLength?: number | undefined
  options?: readonly string[]
  /** Of a text: also a number is meant by one. */
  numeric?: boolean
  default?: unknown
  fields?: readonly FieldSpec[]
}

export interface JsonSchema {
  type?: string
  description?: string
  default?: unknown
  enum?: readonly unknown[]
  const?: unknown
  anyOf?: readonly JsonSchema[] | undefined
  items?: JsonSchema
  properties?: Record<string, JsonSchema>
  additionalProperties?: JsonSchema | boolean
  minimum?: number
  maximum?: number
  maxLength?: number
}

/** Names that say more for people than their own words. */
const labels: Record<string, Plain> = {
  pinned: 'Pin it',
  include_media: 'Include media',
  type: 'Kind',
  lock_budget_ms: 'Lock budget (ms)',
  wait_ms: 'Wait for another backup (ms)',
  timeout_ms: 'Longest run (ms)',
  compression_level: 'Compression level',
  compression: 'gzip level',
  upload: 'Upload (bytes per second)',
  download: 'Download (bytes per second)',
  sql: 'SQL',
  url: 'URL',
  cron: 'Cron expression',
  jitter_minutes: 'Spread over (minutes)',
  yes_remove: 'So many may go',
  with: 'Compare with',
}

/** Texts that want more than one line. */
const long = new Set(['sql', 'where', 'description'])

export function fieldSpec(name: string, schema: JsonSchema, required: boolean): FieldSpec {
  const { description = '' } = schema
  const common = {
    name,
    label: labels[name] ? t(labels[name]) : capital(words(name)),
    hint: description,
    required,
    ...(schema.default === undefined ? {} : { default: schema.default }),
  }
  return { ...common, ...shapeOf(name, schema) }
}

type Shape = Pick<FieldSpec, 'kind'> & Partial<FieldSpec>

function shapeOf(name: string, schema: JsonSchema): Shape {
  const { type, anyOf, items, properties, additionalProperties, minimum, maximum, maxLength } = schema
  if (anyOf) {
    const [first, ...others] = anyOf.filter((one) => one.type !== 'null')
    if (first && others.length === 0) return shapeOf(name, { ...schema, anyOf: undefined, ...first })
    return { kind: 'text', numeric: true }
  }
  if (schema.enum) return { kind: 'choice', options: schema.enum.map(String) }
  if (type === 'boolean')
    // "Default: as configured" is neither yes nor no.
    return schema.default === undefined && /Default:/.test(schema.description ?? '')
      ? { kind: 'choice', options: ['true', 'false'] }
      : { kind: 'check' }
  if (type === 'integer' || type === 'number') return { kind: 'number', minimum, maximum }
  if (type === 'array') return { kind: items?.type === 'string' ? 'lines' : 'json' }
  if (properties)
    return { kind: 'group', fields: Object.entries(properties).map(([key, one]) => fieldSpec(key, one, false)) }
  if (type === 'object') {
    const value = typeof additionalProperties === 'object' ? additionalProperties.type : undefined
    return { kind: value === 'string' ? 'pairs' : 'json' }
  }
  return { kind: long.has(name) ? 'long' : 'text', maxLength }
}
