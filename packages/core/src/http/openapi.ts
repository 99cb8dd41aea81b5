import { z } from 'zod'
import type { Route } from './route.ts'
import { problemSchema } from './schemas.ts'

/** The routes as an OpenAPI 3.1 document, made from the table they are served by. */
export function openApiDocument(routes: readonly Route[], options: { basePath: string; version: string }) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes)
    for (const path of [route.path, ...(route.alias === undefined ? [] : [route.alias])]) {
      // Only what is no file ends with a slash.
      const slash = path === '' || path.includes('.') ? '' : '/'
      const template = `/${path.replaceAll(/:(\w+)/g, '{$1}')}${slash}`
      paths[template] ??= {}
      paths[template][route.method.toLowerCase()] = operation(route, path)
    }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Backups',
      version: options.version,
      description: 'Paths may be written with or without the last /.',
    },
    servers: [{ url: options.basePath || '/' }],
    paths,
    components: { schemas: { problem: jsonSchema(problemSchema) } },
  }
}

function operation(route: Route, path: string) {
  const { status, schema, contentType = 'application/json' } = route.answers
  const words = path.split('/').filter((word) => word && !word.startsWith(':'))
  return {
    operationId: [route.method.toLowerCase(), ...words, ...(/:\w+$/.test(path) ? ['one'] : [])].join('_') || 'get_root',
    summary: route.summary,
    description: `Needs the permission ${route.permission}.`,
    parameters: [
      ...pathParameters(path),
      ...queryParameters(route.query),
      ...(route.ranges ? ['Range', 'If-Range'].map(headerParameter) : []),
    ],
    ...(route.body
      ? { requestBody: { content: { 'application/json': { schema: jsonSchema(route.body, 'input') } } } }
      : {}),
    responses: {
      [status]: {
        description: 'All went well.',
        ...(status === 204 ? {} : { content: { [contentType]: { schema: schema ? jsonSchema(schema) : {} } } }),
      },
      ...(route.ranges
        ? { 206: { description: 'The part that was asked for.', content: { [contentType]: { schema: {} } } } }
        : {}),
      default: {
        description: 'A problem.',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/problem' } } },
      },
    },
  }
}

function pathParameters(path: string) {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

const headerParameter = (name: string) => ({ name, in: 'header', required: false, schema: { type: 'string' } })

function queryParameters(query: z.ZodObject | undefined) {
  if (!query) return []
  const { properties = {}, required = [] } = jsonSchema(query, 'input') as {
    properties?: Record<string, { description?: string }>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema,
  }))
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output' = 'output') {
  const {
    $schema: _,
    id: __,
    ...plain
  } = z.toJSONSchema(schema, { io, reused: 'inline', unrepresentable: 'any' }) as Record<string, unknown>
  return inlined(plain, (plain.$defs ?? {}) as Record<string, object>)
}

/** Definitions with an id come by reference into the schema's own `$defs`, which an OpenAPI document does not reach. */
function inlined(value: unknown, definitions: Record<string, object>): Record<string, unknown> {
  const walk = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(walk)
    if (typeof node !== 'object' || node === null) return node
    const reference = Reflect.get(node, '$ref')
    const name = typeof reference === 'string' ? /^#\/\$defs\/(.+)$/.exec(reference)?.[1] : undefined
    if (name !== undefined && definitions[name]) return walk(definitions[name])
    return Object.fromEntries(
      Object.entries(node)
        .filter(([key]) => key !== '$defs' && key !== 'id')
        .map(([key, entry]) => [key, key === 'properties' ? walkAll(entry) : walk(entry)]),
    )
  }
  // Names of properties are not keywords: a property may be called `id`.
  const walkAll = (properties: object) =>
    Object.fromEntries(Object.entries(properties).map(([key, entry]) => [key, walk(entry)]))
  return walk(value) as Record<string, unknown>
}
