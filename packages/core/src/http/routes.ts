import { z } from 'zod'
import type { AnyAction, HttpPlace } from '../actions/action.ts'
import { allActions } from '../actions/all-actions.ts'
import { version } from '../version.ts'
import { actionRoute } from './action-route.ts'
import { apiPage } from './api-page.ts'
import { openApiDocument } from './openapi.ts'
import { type Route, route } from './route.ts'
import { actionsRoute } from './routes/actions.ts'
import { auditExportRoute } from './routes/audit-export.ts'
import { downloadRoutes } from './routes/downloads.ts'
import { logRoutes } from './routes/logs.ts'
import { metricsRoute } from './routes/metrics.ts'
import { sessionRoutes } from './routes/session.ts'

const rootSchema = z.object({
  version: z.string(),
  openapi: z.string().describe('Address of the OpenAPI document.'),
  routes: z.array(z.object({ method: z.string(), path: z.string(), summary: z.string(), permission: z.string() })),
})

/** The whole API, as the one table that is served, documented and tested: a row per action, and those that carry streams and files. */
export async function createRoutes(): Promise<Route[]> {
  const found = await allActions()
  const own: Route[] = [
    ...downloadRoutes(),
    ...logRoutes,
    ...sessionRoutes,
    auditExportRoute,
    metricsRoute,
    actionsRoute(found),
  ]
  const taken = new Set(own.map(({ method, path }) => `${method} ${path}`))
  const placed = found.filter(
    (action): action is AnyAction & { http: HttpPlace } =>
      action.http !== undefined && !taken.has(`${action.http.method} ${action.http.path}`),
  )
  const routes: Route[] = [...placed.map(actionRoute), ...own]

  const root: Route = route({
    method: 'GET',
    path: '',
    permission: 'status:read',
    summary: 'Shows this page; as JSON a list of the routes.',
    answers: { status: 200, schema: rootSchema },
    async handle({ request, settings }) {
      if ((request.headers.get('accept') ?? '').includes('text/html'))
        return new Response(apiPage(all, settings.basePath), {
          headers: {
            'content-type': 'text/html; charset=utf-8',
            'content-security-policy': "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
            'x-content-type-options': 'nosniff',
          },
        })
      const rows = all.map(({ method, path, summary, permission }) => ({ method, path, summary, permission }))
      return { body: { version, openapi: `${settings.basePath}/openapi.json`, routes: rows } }
    },
  })
  const description = route({
    method: 'GET',
    path: 'openapi.json',
    permission: 'status:read',
    summary: 'Returns the OpenAPI 3.1 document of this API.',
    answers: { status: 200, schema: z.looseObject({ openapi: z.string(), paths: z.record(z.string(), z.unknown()) }) },
    handle: async ({ settings }) => ({ body: openApiDocument(all, { basePath: settings.basePath, version }) }),
  })
  const all: Route[] = [root, description, ...routes]
  return all
}
