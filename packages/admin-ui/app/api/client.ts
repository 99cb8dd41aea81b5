import type { HttpApi } from '@lifeboat/core'

export type { HttpApi }

type Call = keyof HttpApi

/** What the API says when something cannot be done. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly advice: string | null
  readonly body: Record<string, unknown>

  constructor(status: number, body: Record<string, unknown>) {
    super(typeof body.detail === 'string' ? body.detail : `The server answered ${status}.`)
    this.name = 'Problem'
    this.status = status
    this.code = typeof body.code === 'string' ? body.code : 'unknown'
    this.advice = typeof body.advice === 'string' ? body.advice : null
    this.body = body
  }
}

/** The request itself did not get through. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super('The server cannot be reached.', { cause })
    this.name = 'Unreachable'
  }
}

/** The pages lie in `ui/` below the API. */
export const uiRoot = new URL(document.baseURI).pathname.replace(/\/$/, '')
const apiRoot = new URL('..', document.baseURI)

type Query = Record<string, string | number | boolean | null | undefined>

interface CallOptions<Name extends Call> {
  params?: Record<string, string>
  query?: { [Field in keyof HttpApi[Name]['query']]?: string | number | boolean | null | undefined }
  body?: HttpApi[Name]['body']
  signal?: AbortSignal
}

/** The address of a route, e.g. for a link. */
export function apiUrl(path: string, params: Record<string, string> = {}, query: Query = {}): string {
  const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
  const url = new URL(filled === 'openapi.json' ? filled : `${filled}/`, apiRoot)
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, String(value))
  return url.href
}

/** Calls a route. Throws `Problem` for what the API refuses, `Unreachable` where nothing answers. */
export async function call<Name extends Call>(
  name: Name,
  { params, query, body, signal }: CallOptions<Name> = {},
): Promise<HttpApi[Name]['result']> {
  const [method = 'GET', path = ''] = name.split(' ')
  const response = await send(apiUrl(path, params, query as Query), {
    method,
    headers: {
      accept: 'application/json',
      'x-requested-with': 'lifeboat-admin',
      ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
    },
    ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
    ...(signal ? { signal } : {}),
  })
  return (response.status === 204 ? undefined : await response.json()) as HttpApi[Name]['result']
}

/** Fetches what is no JSON, with the same errors. */
export async function send(url: string, init: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(url, init)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new Unreachable(error)
  }
  if (response.ok) return response
  const text = await response.text()
  throw new Problem(response.status, parsed(text))
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    // A proxy in between answers in its own words.
    return {}
  }
}
