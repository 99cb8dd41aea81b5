import type { HttpApi } from '@lifeboat/core/http'
import { t } from '../texts/texts.ts'

export type { HttpApi }

type Call = keyof HttpApi

/** What the API says when something cannot be done. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly advice: string | null
  readonly body: Record<string, unknown>

  constructor(status: number, body: Record<string, unknown>) {
    super(
      typeof body.detail === 'string' ? body.detail : t('The server answered {status}.', { status: String(status) }),
    )
    this.name = 'Problem'
    this.status = status
    this.code = typeof body.code === 'string' ? body.code : 'unknown'
    this.advice = typeof body.advice === 'string' ? body.advice : null
    this.body = body
  }
}

/** The request itself did not get through. */
export class Unreachable extends Error {
  /** The request was to change something, and it is unknown whether it did. */
  readonly acting: boolean

  constructor(cause: unknown, acting: boolean) {
    super(t('The server cannot be reached.'), { cause })
    this.name = 'Unreachable'
    this.acting = acting
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
  const request: RouteRequest = { method, path, params, query: query as Query | undefined, body, signal }
  return (await callRoute(request)) as HttpApi[Name]['result']
}

export interface RouteRequest {
  method: string
  path: string
  params?: Record<string, string> | undefined
  query?: Query | undefined
  body?: object | undefined
  signal?: AbortSignal | undefined
}

/** The same for a route that is only known at run time. */
export async function callRoute({ method, path, params, query, body, signal }: RouteRequest): Promise<unknown> {
  const response = await send(apiUrl(path, params, query), {
    method,
    headers: {
      accept: 'application/json',
      'x-requested-with': 'lifeboat-admin',
      ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
    },
    ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
    ...(signal ? { signal } : {}),
  })
  return response.status === 204 ? undefined : response.json()
}

const longestWaitSeconds = 10
const mostWaits = 5

/**
 * Fetches what is no JSON, with the same errors. Who has asked too often waits as long as the server says: nothing has
 * been done by then, so it can be asked again.
 */
export async function send(url: string, init: RequestInit): Promise<Response> {
  let response = await attempt(url, init)
  for (let waits = 0; response.status === 429 && waits < mostWaits; waits++) {
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
    if (!(seconds <= longestWaitSeconds)) break
    await pause(seconds * 1000, init.signal ?? undefined)
    response = await attempt(url, init)
  }
  if (response.ok) return response
  const text = await response.text()
  throw new Problem(response.status, parsed(text))
}

async function attempt(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    // A plan is asked for by POST, and does nothing.
    throw new Unreachable(error, (init.method ?? 'GET') !== 'GET' && !/\/plan\/(\?|$)/.test(url))
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      if (signal?.aborted) reject(signal.reason)
      else resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
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
