import { z } from 'zod'

/** `includeMedia` -> `include_media`. The one place where names change between TypeScript and the wire. */
export const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** The schema under `optional`, `default`, `nullable` and the like. */
export function innerSchema(schema: z.ZodType): z.ZodType {
  let inner = schema
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodNullable ||
    inner instanceof z.ZodPrefault
  )
    inner = inner.unwrap() as z.ZodType
  return inner
}

/** An input as HTTP takes it: the same fields, named in snake_case. */
export function wireInput(input: z.ZodObject, leaveOut: readonly string[] = []): z.ZodObject {
  const fields = Object.entries(input.shape).filter(([name, field]) => !leaveOut.includes(name) && isOnWire(field))
  return z.strictObject(
    Object.fromEntries(fields.map(([name, field]) => [snakeCase(name), wireField(field as z.ZodType)])),
  )
}

/** Objects inside an input are named in snake_case too. */
function wireField(field: z.ZodType): z.ZodType {
  const inner = innerSchema(field)
  if (!(inner instanceof z.ZodObject)) return field
  const described = wireInput(inner).optional()
  return field.description === undefined ? described : described.describe(field.description)
}

/** Paths, functions and secrets of the host are asked for in code or by the command, never over HTTP. */
export function isOnWire(field: unknown): boolean {
  return field instanceof z.ZodType && field.meta()?.local !== true
}

/** From the wire to TypeScript: `include_media` -> `includeMedia`, for the fields that the input has. Others stay as they are and are refused by the schema. */
export function fromWire(input: z.ZodObject, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const names = new Map(
    Object.entries(input.shape).flatMap(([name, field]) => (isOnWire(field) ? [[snakeCase(name), name] as const] : [])),
  )
  return Object.fromEntries(
    Object.entries(given).map(([wireName, value]) => {
      const name = names.get(wireName)
      if (name === undefined) return [wireName, value]
      const inner = innerSchema(input.shape[name] as z.ZodType)
      const isNested = inner instanceof z.ZodObject && typeof value === 'object' && value !== null
      return [name, isNested ? fromWire(inner, value as Record<string, unknown>) : value]
    }),
  )
}

/** Texts of a query string as the values that the schema means; what does not fit is left for the schema to refuse. */
export function fromQuery(input: z.ZodObject, query: Readonly<Record<string, string>>): Record<string, unknown> {
  const known = Object.entries(input.shape).flatMap(([name, field]) => {
    const text = Object.hasOwn(query, snakeCase(name)) ? query[snakeCase(name)] : undefined
    return text === undefined || !isOnWire(field) ? [] : [[name, parsedText(innerSchema(field as z.ZodType), text)]]
  })
  return Object.fromEntries(known)
}

function parsedText(schema: z.ZodType, text: string): unknown {
  if (schema instanceof z.ZodNumber) return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
  if (schema instanceof z.ZodBoolean)
    return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text
  if (schema instanceof z.ZodArray) return text === '' ? [] : text.split(',')
  return text
}

/**
 * From TypeScript to the wire, by the schema: names of its fields become snake_case at every depth. Keys of maps
 * (tables, tags, roles) are data and stay.
 */
export function toWire(schema: z.ZodType, value: unknown): unknown {
  if (value === null || value === undefined || typeof value !== 'object') return value
  const inner = innerSchema(schema)
  if (Array.isArray(value)) {
    const element = inner instanceof z.ZodArray ? (inner.element as z.ZodType) : z.unknown()
    return value.map((entry) => toWire(element, entry))
  }
  if (inner instanceof z.ZodRecord)
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [key, toWire(inner.valueType as z.ZodType, entry)]),
    )
  if (inner instanceof z.ZodUnion) return toWire(optionFor(inner, value), value)
  if (!(inner instanceof z.ZodObject)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => {
      const field = Object.hasOwn(inner.shape, key) ? (inner.shape[key] as z.ZodType) : undefined
      return field === undefined ? [key, entry] : [snakeCase(key), toWire(field, entry)]
    }),
  )
}

function optionFor(union: z.ZodUnion, value: unknown): z.ZodType {
  const options = union.options as readonly z.ZodType[]
  return options.find((option) => option.safeParse(value).success) ?? (options[0] as z.ZodType)
}

/** The schema of a result as the wire has it. */
export function wireResult(schema: z.ZodType): z.ZodType {
  const inner = innerSchema(schema)
  let result: z.ZodType = inner
  if (inner instanceof z.ZodArray) result = z.array(wireResult(inner.element as z.ZodType))
  else if (
    inner instanceof z.ZodObject &&
    Object.keys(inner.shape).some((name) => snakeCase(name) !== name || hasParts(inner.shape[name] as z.ZodType))
  )
    result = withMeta(
      inner,
      inner.clone({
        ...inner.def,
        shape: Object.fromEntries(
          Object.entries(inner.shape).map(([name, field]) => [snakeCase(name), wireResult(field as z.ZodType)]),
        ),
      } as never),
    )
  if (schema === inner) return result
  return wrapped(schema, result)
}

const hasParts = (schema: z.ZodType): boolean => {
  const inner = innerSchema(schema)
  return inner instanceof z.ZodObject || inner instanceof z.ZodArray
}

function withMeta(from: z.ZodType, to: z.ZodType): z.ZodType {
  const meta = from.meta()
  return meta === undefined ? to : to.meta(meta)
}

/** The same `nullable` and `optional` around another schema. */
function wrapped(schema: z.ZodType, inner: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodNullable) return withMeta(schema, wrapped(schema.unwrap() as z.ZodType, inner).nullable())
  if (schema instanceof z.ZodOptional) return withMeta(schema, wrapped(schema.unwrap() as z.ZodType, inner).optional())
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return wrapped(schema.unwrap() as z.ZodType, inner)
  return inner
}
