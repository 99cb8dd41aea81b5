import type { Caller } from '../actions/caller.ts'
import { insideOf } from '../actions/inside.ts'
import { isActionName } from '../actions/registry.ts'
import type { Actor } from '../policy/permissions.ts'
import { isAllowed } from '../policy/permissions.ts'
import { preflightAnswer, withAllowedOrigin } from './allowed-origins.ts'
import { readJsonBody } from './body.ts'
import { calendarVisit } from './calendar-link.ts'
import { crossSiteRefusal } from './cross-site.ts'
import type { HttpEngine } from './engine-type.ts'
import { createMatcher } from './match.ts'
import { HttpProblem, problemResponse } from './problem.ts'
import { createRateLimit, type RateLimit } from './rate-limit.ts'
import type { Answer, Route } from './route.ts'
import { type Connection, type HandlerOptions, type HandlerSettings, handlerSettings } from './settings.ts'
import { refuseUnknownParameters } from './unknown-parameters.ts'
import { notLoggedInPage, userInterfaceAnswer, wantsPage } from './user-interface.ts'

/** The API as one function. The second argument says what the request itself cannot: where it comes from. */
export type Handler = (request: Request, connection?: Partial<Connection> & { basePath?: string }) => Promise<Response>

const unknownConnection: Connection = { address: null, encrypted: false }

/**
 * The HTTP API of an engine as a `(Request) => Promise<Response>`: the contract is docs/http-api.md. Adapters put it
 * into Express and Fastify; it can be served by anything that speaks the web's own types.
 *
 * It never throws: every failure is a problem. `CONFIG_INVALID` at once without `authorize`.
 *
 * @example
 * const handler = createHandler(engine, { basePath: '/api/backup', authorize: (request) => userOf(request) })
 * const response = await handler(new Request('http://localhost/api/backup/backups/'))
 */
export function createHandler(engine: HttpEngine, options: HandlerOptions): Handler {
  const settings = handlerSettings(options)
  const inside = insideOf(engine)
  let matcher: Promise<ReturnType<typeof createMatcher>> | undefined
  // Loaded with the first request: what mounts the API, or only imports it, starts without.
  const routes = () => {
    matcher ??= import('./routes.ts').then(async ({ createRoutes }) => createMatcher(await createRoutes()))
    return matcher
  }
  const { requestsPerMinute } = settings.limits
  const rate = createRateLimit(requestsPerMinute)
  // A page and its files are many requests: they do not use up the calls it is there for, nor the other way round.
  const pageRate = createRateLimit(requestsPerMinute)
  // Many people share an address behind a proxy: who is not known uses up nothing of those who are.
  const unknownRate = createRateLimit(requestsPerMinute)

  return async (request, known = {}) => {
    const { basePath = settings.basePath, ...rest } = known
    const connection: Connection = { ...unknownConnection, ...rest }
    const { origins, onError } = settings
    const answer = await serve(request, connection, { ...settings, basePath }).catch((error: unknown) =>
      problemResponse(error, onError),
    )
    return withAllowedOrigin(request, answer, origins)
  }

  async function serve(request: Request, connection: Connection, own: HandlerSettings): Promise<Response> {
    const path = new URL(request.url).pathname
    // Links from elsewhere may lead to the pages: they are the same for everybody, and cannot be framed.
    const page = own.ui && userInterfaceAnswer(own.ui, request, pathBelow(path, own.basePath))
    const preflight = preflightAnswer(request, own.origins)
    if (preflight) return preflight
    if (!page) refuseCrossSite(request, own)
    const { address, hostRequest } = connection
    const { calendarToken } = own
    const visit = calendarToken && !page ? calendarVisit(request, pathBelow(path, own.basePath), calendarToken) : null
    const actor = visit?.actor ?? (await settings.authorize(request, { hostRequest, address }))
    if (!actor) {
      limitRate(unknownRate, address ?? '')
      if (page && wantsPage(request)) return notLoggedInPage()
      throw new HttpProblem(401, 'unauthenticated', 'Log in first.')
    }
    limitRate(page ? pageRate : rate, `${address ?? ''} ${actor.id}`)
    if (page) return page
    const match = await routes()
    const { route, params } = match(request.method, pathBelow(path, own.basePath))
    // What an action asks for, its own path decides and records.
    if (!route.raw && !isAllowed(actor, route.permission)) {
      const caller = callerOf(actor, connection, own)
      if (route.action !== undefined && isActionName(route.action)) await inside.run(route.action, {}, { caller })
      throw new HttpProblem(403, 'forbidden', `This needs the permission ${route.permission}.`)
    }
    const asked = visit?.request ?? request
    return toResponse(await handle(route, params, asked, connection, own, actor), request.method === 'HEAD')
  }

  async function handle(
    route: Route,
    params: Record<string, string>,
    request: Request,
    connection: Connection,
    own: HandlerSettings,
    actor: Actor,
  ): Promise<Answer> {
    const asked = Object.fromEntries(new URL(request.url).searchParams)
    refuseUnknownParameters(route, asked)
    const reads = request.method === 'GET' || request.method === 'HEAD'
    const given = reads || route.takesFile ? {} : await readJsonBody(request, own.limits.bodyBytes)
    const query = route.raw ? asked : parse(route.query, asked)
    const body = route.raw ? given : route.body ? parse(route.body, given) : {}
    const ends = [request.signal, inside.ground.stopping, ...(connection.closing ? [connection.closing] : [])]
    const signal = AbortSignal.any(ends)
    const caller = callerOf(actor, connection, own)
    return route.handle({
      engine,
      inside,
      caller,
      run: (name, input) => inside.run(name, input, { caller, signal }),
      settings: own,
      connection,
      request,
      actor,
      params,
      query,
      body,
      signal,
      link: (path) => `${own.basePath}/${path}`,
    })
  }

  function limitRate(limit: RateLimit, key: string): void {
    const seconds = limit.take(key)
    if (seconds > 0)
      throw new HttpProblem(429, 'too_many_requests', `Wait ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`, {
        headers: { 'retry-after': String(seconds) },
      })
  }
}

function callerOf(actor: Actor, { address }: Connection, { confirmation }: HandlerSettings): Caller {
  return { actor, face: 'http', address, trigger: 'api', confirmation }
}

/** Browsers send `Sec-Fetch-Site` over HTTPS only, so plain HTTP behind a proxy depends on `Host`. */
const crossSiteAdvice =
  'Behind a proxy, serve HTTPS, or pass the host on (nginx: `proxy_set_header Host $http_host;`). Pages of another origin need the option `origins` and the header `X-Lifeboat`.'

function refuseCrossSite(request: Request, settings: HandlerSettings): void {
  const { headers, method } = request
  const refusal = crossSiteRefusal({
    method,
    origin: headers.get('origin'),
    secFetchSite: headers.get('sec-fetch-site'),
    hasCookie: headers.has('cookie'),
    referer: headers.get('referer'),
    host: headers.get('host') ?? new URL(request.url).host,
    hasCustomHeader: headers.has('x-requested-with') || headers.has('x-lifeboat'),
    allowedOrigins: settings.origins,
  })
  if (refusal)
    throw new HttpProblem(403, 'cross_site', `This looks like a call from another site. ${refusal}`, {
      extra: { advice: crossSiteAdvice },
    })
}

/** The path of a route: what follows the base path. A host that has cut the base path off already is fine too. */
function pathBelow(path: string, basePath: string): string {
  if (basePath === '') return path
  if (path === basePath || path.startsWith(`${basePath}/`)) return path.slice(basePath.length)
  throw new HttpProblem(404, 'not_found', 'There is nothing at this path.')
}

function parse(schema: Route['query'], value: unknown): unknown {
  if (!schema) return {}
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const errors = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
  const detail = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ')
  throw new HttpProblem(400, 'invalid', detail, { extra: { errors } })
}

function toResponse(answer: Answer, isHead: boolean): Response {
  if (answer instanceof Response) return isHead ? withoutBody(answer) : answer
  const { status = 200, body, headers = {} } = answer
  const common = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...headers }
  if (status === 204 || body === undefined) return new Response(null, { status, headers: common })
  const text = isHead ? null : JSON.stringify(body)
  return new Response(text, { status, headers: { 'content-type': 'application/json; charset=utf-8', ...common } })
}

/** What would be streamed has been begun: it ends here. */
function withoutBody(answer: Response): Response {
  answer.body?.cancel().catch(() => {})
  return new Response(null, { status: answer.status, headers: answer.headers })
}
