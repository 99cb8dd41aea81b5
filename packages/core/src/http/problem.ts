import { adviceFor } from '../advice.ts'
import { errorTable } from '../error-table.ts'
import { type EngineError, isEngineError, wireCode } from '../errors.ts'

/** An error that only HTTP knows, e.g. a body that is no JSON. */
export class HttpProblem extends Error {
  readonly status: number
  readonly code: string
  readonly extra: Record<string, unknown>
  readonly headers: Record<string, string>

  constructor(
    status: number,
    code: string,
    detail: string,
    options: { extra?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(detail)
    this.name = 'HttpProblem'
    this.status = status
    this.code = code
    this.extra = options.extra ?? {}
    this.headers = options.headers ?? {}
  }
}

const titles: Record<number, string> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  406: 'Not acceptable',
  409: 'Conflict',
  413: 'Too large',
  415: 'Unsupported media type',
  416: 'No such range',
  422: 'Not possible',
  429: 'Too many requests',
  499: 'Interrupted',
  502: 'Not reachable',
  503: 'Unavailable',
  507: 'Storage full',
}

/** Any error as `application/problem+json`. What is not meant for clients is told to `onError` and kept from them. */
export function problemResponse(error: unknown, onError: (error: unknown) => void): Response {
  if (error instanceof HttpProblem) return respond(error.status, error.code, error.message, error.extra, error.headers)
  if (isEngineError(error) && error.code !== 'INTERNAL') return engineProblem(error)
  onError(error)
  return respond(500, 'internal', 'Something went wrong; the log of the server says what.', {
    advice: errorTable.INTERNAL.advice,
  })
}

function engineProblem(error: EngineError): Response {
  const headers: Record<string, string> = error.retryable && error.status === 409 ? { 'retry-after': '10' } : {}
  const extra = { advice: adviceFor('http', error.adviceTemplate), ...error.detail }
  return respond(error.status, wireCode(error.code), adviceFor('http', error.messageTemplate), extra, headers)
}

function respond(
  status: number,
  code: string,
  detail: string,
  extra: Record<string, unknown>,
  headers: Record<string, string> = {},
): Response {
  const title = titles[status] ?? 'Server error'
  const body = { ...extra, type: `urn:lifeboat:problem:${code}`, title, status, code, detail }
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
  })
}
