import { z } from 'zod'
import { problemSchema } from '../catalog/records.ts'
import { tagDescriptions, tagOf } from './openapi-tags.ts'
import type { Route } from './route.ts'

type Json = Record<string, unknown>

/**
 * The routes as an OpenAPI 3.1 document, made from the table they are served by. Every record is a named component;
 * errors, CSV, event streams and security are described.
 */
export function openApiDocument(routes: readonly Route[], options: { basePath: string; version: string }) {
  const components: Json = {}
  const shapes = createShapes(components)
  shapes.of(problemSchema)
  const paths: Record<string, Json> = {}
  for (const route of routes)
    for (const path of [route.path, ...(route.alias === undefined ? [] : [route.alias])]) {
      // Only what is no file ends with a slash.
      const slash = path === '' || path.includes('.') ? '' : '/'
      const template = `/${path.replaceAll(/:(\w+)/g, '{$1}')}${slash}`
      paths[template] ??= {}
      paths[template][route.method.toLowerCase()] = operation(route, path, shapes)
    }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Backups',
      version: options.version,
      description:
        'Paths may be written with or without the last /. A request is authenticated by the host application; one that comes from a browser must be of the same origin.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: options.basePath || '/' }],
    security: [{ host: [] }],
    tags: [...new Set(routes.map(tagOf))].map((name) => ({ name, description: tagDescriptions[name] })),
    paths,
    components: {
      schemas: components,
      responses: { problem: problemResponse('A problem: `code` is stable, `advice` says what to do next.') },
      securitySchemes: {
        host: {
          type: 'http',
          scheme: 'bearer',
          description: 'As the host application does it: a session, a token, or whatever its `authorize` reads.',
        },
      },
    },
  }
}

const problemResponse = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/problem' } } },
})

/** What may go wrong, by status. */
const commonProblems: Record<string, string> = {
  400: 'The request does not fit: `errors` names every part.',
  401: 'The host knows no actor for this request.',
  403: 'The actor lacks the permission, or the request came from another site.',
  404: 'There is no such thing.',
  429: 'Too many requests: `Retry-After` says when to come again.',
}

function operation(route: Route, path: string, shapes: Shapes) {
  const { status, schema, contentType = 'application/json', alsoCsv, alsoEvents, alsoTexts, alsoStatus } = route.answers
  const words = path.split('/').filter((word) => word && !word.startsWith(':'))
  const content: Json = {
    [contentType]: {
      schema: schema ? shapes.of(schema) : contentType === 'application/json' ? { type: 'object' } : binary,
    },
    ...(alsoCsv ? { 'text/csv': { schema: { type: 'string' } } } : {}),
    ...Object.fromEntries((alsoTexts ?? []).map((format) => [`text/${format}`, { schema: { type: 'string' } }])),
    ...(alsoEvents ? { 'text/event-stream': { schema: { type: 'string' } } } : {}),
  }
  return {
    operationId: [route.method.toLowerCase(), ...words, ...(/:\w+$/.test(path) ? ['one'] : [])].join('_') || 'get_root',
    summary: route.summary,
    description: `Needs the permission ${route.permission}.`,
    tags: [tagOf(route)],
    parameters: [
      ...pathParameters(path),
      ...queryParameters(route.query, shapes),
      ...(route.ranges ? ['Range', 'If-Range'].map(headerParameter) : []),
    ],
    ...(route.takesFile
      ? { requestBody: { required: true, content: { 'application/octet-stream': { schema: binary } } } }
      : {}),
    ...(route.body && Object.keys(route.body.shape).length > 0
      ? { requestBody: { content: { 'application/json': { schema: shapes.of(route.body, 'input') } } } }
      : {}),
    responses: {
      [status]: { description: 'All went well.', ...(status === 204 ? {} : { content }) },
      ...(alsoStatus === undefined ? {} : { [alsoStatus]: { description: alsoSays[alsoStatus], content } }),
      ...(route.ranges
        ? { 206: { description: 'The part that was asked for.', content: { [contentType]: { schema: binary } } } }
        : {}),
      ...Object.fromEntries(Object.entries(commonProblems).map(([code, text]) => [code, problemResponse(text)])),
      409: problemResponse(
        route.confirms
          ? 'It is refused, or not confirmed yet: `confirmation_required` and `plan_changed` carry `plan` and `plan_hash`.'
          : 'It cannot be done now.',
      ),
      default: { $ref: '#/components/responses/problem' },
    },
  }
}

const alsoSays = {
  200: 'All went well, and there is something to know.',
  503: 'The same body: it says what is wrong.',
}

const binary = { type: 'string', format: 'binary' }

function pathParameters(path: string) {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

const headerParameter = (name: string) => ({ name, in: 'header', required: false, schema: { type: 'string' } })

function queryParameters(query: z.ZodObject | undefined, shapes: Shapes) {
  if (!query) return []
  const { properties = {}, required = [] } = shapes.of(query, 'input') as {
    properties?: Record<string, { description?: string }>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema,
    ...(Reflect.get(schema, 'type') === 'array' ? { style: 'form', explode: false } : {}),
  }))
}

interface Shapes {
  of(schema: z.ZodType, io?: 'input' | 'output'): Json
}

/** Schemas as JSON Schema; those with an id become components, and are referred to. */
function createShapes(components: Json): Shapes {
  return {
    of(schema, io = 'output') {
      // In a property of its own, so that a record is a definition here too.
      const wrapped = z.object({ value: schema })
      const { properties, $defs = {} } = z.toJSONSchema(wrapped, {
        io,
        reused: 'inline',
        unrepresentable: 'any',
      }) as unknown as {
        properties: { value: Json }
        $defs?: Record<string, Json>
      }
      for (const [name, definition] of Object.entries($defs)) components[name] ??= withComponents(definition)
      return withComponents(properties.value)
    },
  }
}

/** References into the schema's own `$defs` lead to the components of the document. */
function withComponents(node: Json): Json {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key, entry]) => key !== '$schema' && !(key === 'id' && typeof entry === 'string'))
        .map(([key, entry]) => [
          key,
          key === '$ref' && typeof entry === 'string'
            ? entry.replace('#/$defs/', '#/components/schemas/')
            : walk(entry),
        ]),
    )
  }
  return walk(node) as Json
}
