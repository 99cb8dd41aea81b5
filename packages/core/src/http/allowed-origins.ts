/**
 * The headers by which a browser lets pages of an allowed origin call the API: without them the option would have no
 * effect.
 */
const told = {
  'access-control-allow-methods': 'GET, HEAD, POST, DELETE',
  'access-control-allow-headers':
    'authorization, content-type, if-range, last-event-id, range, x-lifeboat, x-requested-with',
  'access-control-max-age': '600',
}

/** The answer to a browser that asks before a call (`OPTIONS`); null where it is none, or not from an allowed origin. */
export function preflightAnswer(request: Request, origins: readonly string[]): Response | null {
  if (request.method !== 'OPTIONS' || !request.headers.has('access-control-request-method')) return null
  if (!isAllowed(request, origins)) return null
  return new Response(null, { status: 204, headers: told })
}

/** Lets a page of an allowed origin read the answer; what it may do, `authorize` and the cross-site rules have decided. */
export function withAllowedOrigin(request: Request, answer: Response, origins: readonly string[]): Response {
  if (origins.length === 0) return answer
  answer.headers.append('vary', 'origin')
  if (!isAllowed(request, origins)) return answer
  answer.headers.set('access-control-allow-origin', request.headers.get('origin') as string)
  answer.headers.set('access-control-allow-credentials', 'true')
  answer.headers.set(
    'access-control-expose-headers',
    'accept-ranges, content-disposition, content-range, etag, retry-after',
  )
  return answer
}

function isAllowed(request: Request, origins: readonly string[]): boolean {
  const origin = request.headers.get('origin')
  return origin !== null && origins.includes(origin)
}
