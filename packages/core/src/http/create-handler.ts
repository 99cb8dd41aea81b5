import { isEngineError } from '../errors.ts'
import type { Actor } from '../policy/permissions.ts'
import { isAllowed } from '../policy/permissions.ts'
import { preflightAnswer, withAllowedOrigin } from './allowed-origins.ts'
import { readJsonBody } from './body.ts'
import { crossSiteRefusal } from './cross-site.ts'
import type { HttpEngine } from './engine-type.ts'
import { createMatcher } from './match.ts'
import { HttpProblem, problemResponse, wireCode } from './problem.ts'
import { createRateLimit, type RateLimit } from './rate-limit.ts'
import type { Answer, Route } from './route.ts'
import { type Connection, type HandlerOptions, type HandlerSettings, handlerSettings } from './settings.ts'
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
  let matcher: Promise<ReturnType<typeof createMatcher>> | undefined
  // Loaded with the first request: what mounts the API, or only imports it, starts without.
  const routes = () => {
    matcher ??= import('./routes.ts').then(({ createRoutes }) => createMatcher(createRoutes()))
    return matcher
  }
  const rate = createRateLimit(settings.limits.requestsPerMinute)
  // A page and its files are many requests: they do not use up the calls it is there for, nor the other way round.
  const pageRate = createRateLimit(settings.limits.requestsPerMinute)

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
    if (connection.address !== null) limitRate(page ? pageRate : rate, connection.address)
    const preflight = preflightAnswer(request, own.origins)
    if (preflight) return preflight
    const ask = async () =>
      settings.authorize(request, { hostRequest: connection.hostRequest, address: connection.address })
    if (page && (await ask())) return page
    if (page && wantsPage(request)) return notLoggedInPage()
    refuseCrossSite(request, own)
    const actor = await ask()
    if (!actor) throw new HttpProblem(401, 'unauthenticated', 'Log in first.')
    if (connection.address === null) limitRate(rate, actor.id)
    const match = await routes()
    const { route, params } = match(request.method, pathBelow(path, own.basePath))
    const audit = (
      outcome: 'allowed' | 'refused' | 'failed',
      subject: string | null,
      detail: Record<string, unknown>,
    ) =>
      route.audit === undefined
        ? Promise.resolve()
        : engine.operations.audit.append({
            actor: actor.id,
            address: connection.address,
            action: route.audit,
            subject,
            outcome,
            detail,
          })
    const subject = params.id ?? params.task_id ?? null
    if (!isAllowed(actor, route.permission)) {
      await audit('refused', subject, { permission: route.permission })
      throw new HttpProblem(403, 'forbidden', `This needs the permission ${route.permission}.`)
    }
    try {
      const answer = await handle(route, params, request, connection, own, actor)
      const about = answer instanceof Response ? subject : (answer.subject ?? subject)
      await audit('allowed', about, {})
      return toResponse(answer, request.method === 'HEAD')
    } catch (error) {
      const code = error instanceof HttpProblem ? error.code : isEngineError(error) ? wireCode(error.code) : 'internal'
      const refused = error instanceof HttpProblem || (isEngineError(error) && error.status < 500)
      await audit(refused ? 'refused' : 'failed', subject, { code })
      throw error
    }
  }

  async function handle(
    route: Route,
    params: Record<string, string>,
    request: Request,
    connection: Connection,
    own: HandlerSettings,
    actor: Actor,
  ): Promise<Answer> {
    const query = parse(route.query, Object.fromEntries(new URL(request.url).searchParams))
    const reads = request.method === 'GET' || request.method === 'HEAD'
    const given = reads ? {} : await readJsonBody(request, own.limits.bodyBytes)
    const body = route.body ? parse(route.body, given) : {}
    const ends = [request.signal, engine.operations.stopping, ...(connection.closing ? [connection.closing] : [])]
    return route.handle({
      engine,
      settings: own,
      connection,
      request,
      actor,
      params,
      query,
      body,
      signal: AbortSignal.any(ends),
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
  if (refusal) throw new HttpProblem(403, 'cross_site', `This looks like a call from another site. ${refusal}`)
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
