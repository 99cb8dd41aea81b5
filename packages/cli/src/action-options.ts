import { EngineError } from '@lifeboat/core'
import { type AnyAction, innerSchema, snakeCase } from '@lifeboat/core/actions'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { z } from 'zod'

/** Fields that every command has as an option of its own, or that only programs can give. */
const common = new Set(['database'])

/** `includeMedia` -> `--include-media`. */
export const flagOf = (field: string): string => `--${snakeCase(field).replaceAll('_', '-')}`

/**
 * Adds an option for each input of an action that the command does not spell in its own way: the names, help texts and
 * bounds are those of the definition that HTTP and the library have too.
 */
export function addActionOptions(command: Command, action: AnyAction, own: readonly string[] = []): void {
  const taken = new Set(command.options.map((option) => option.attributeName()))
  for (const [field, schema] of fieldsOf(action)) {
    if (common.has(field) || own.includes(field) || taken.has(field)) continue
    const option = optionOf(field, schema)
    if (option) command.addOption(option)
  }
}

/** The input that the options say. Options that were not given are left to the defaults of the definition. */
export function inputFrom(action: AnyAction, flags: object, own: readonly string[] = []): Record<string, unknown> {
  const found = fieldsOf(action).flatMap(([field]) => {
    if (common.has(field) || own.includes(field)) return []
    const value: unknown = Reflect.get(flags, field)
    return value === undefined ? [] : [[field, value]]
  })
  return Object.fromEntries(found)
}

function fieldsOf({ input, subject }: AnyAction): [string, z.ZodType][] {
  return Object.entries(input.shape)
    .filter(([field]) => field !== subject)
    .map(([field, schema]) => [field, schema as z.ZodType])
}

/** Null for what a command line cannot say: streams, functions, nested objects. */
function optionOf(field: string, schema: z.ZodType): Option | null {
  const flag = flagOf(field)
  const inner = innerSchema(schema) as z.ZodType & { type: string; options?: unknown[] }
  const help = schema.description ?? inner.description ?? ''
  const values = 'options' in inner && inner.type === 'enum' ? (inner.options as string[]) : undefined
  switch (inner.type) {
    case 'boolean':
      // One that is on by default is named to be turned off.
      return schema.safeParse(undefined).data === true
        ? new Option(flag.replace('--', '--no-'), help)
        : new Option(flag, help)
    case 'number':
      return new Option(`${flag} <n>`, help).argParser(numberOf)
    case 'enum':
      return new Option(`${flag} <name>`, help).choices(values ?? [])
    case 'array':
      return new Option(`${flag} <list>`, help).argParser(listOf)
    case 'record':
      return new Option(`${flag} <name=value>`, help).argParser(holdsTexts(inner) ? pairOf : valuePairOf)
    case 'string':
    case 'union':
      return new Option(`${flag} <text>`, help).argParser(
        inner.type === 'union' ? wordOrNumber : (text: string) => text,
      )
    default:
      return null
  }
}

export function numberOf(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It takes a number.')
  return value
}

const wordOrNumber = (text: string): string | number => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : text)

/** Several at once, separated by commas, or the option several times. */
const listOf = (text: string, before: string[] = []): string[] => [...before, ...text.split(',').filter(Boolean)]

/** Several by the option several times; an empty text stands for none. */
function pairOf(text: string, before: Record<string, unknown> = {}): Record<string, unknown> {
  if (text === '') return before
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError(`"${text}" is not of the form NAME=VALUE.`)
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}

/** Tags and the like: what is given stays a text, also `007`. */
const holdsTexts = (schema: z.ZodType): boolean => schema.safeParse({ a: true }).success === false

/** The same for values of any kind: what is JSON (`true`, `5`, `["a"]`) is that, anything else a text. */
function valuePairOf(text: string, before: Record<string, unknown> = {}): Record<string, unknown> {
  const pairs = pairOf(text)
  return {
    ...before,
    ...Object.fromEntries(Object.entries(pairs).map(([name, value]) => [name, parsedValue(String(value))])),
  }
}

function parsedValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Several `NAME=VALUE`, as one object. */
export function parsePairs(pairs: readonly string[], what: string): Record<string, string> {
  const parsed = pairs.map((pair) => {
    const at = pair.indexOf('=')
    if (at < 1) throw new EngineError('USAGE', `${what} "${pair}" is not of the form NAME=VALUE.`)
    return [pair.slice(0, at), pair.slice(at + 1)] as const
  })
  return Object.fromEntries(parsed)
}
