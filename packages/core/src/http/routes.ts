import { version } from '../version.ts'
import { apiPage } from './api-page.ts'
import { openApiDocument } from './openapi.ts'
import { type Route, route } from './route.ts'
import { backupRoutes } from './routes/backups.ts'
import { downloadRoutes } from './routes/downloads.ts'
import { restoreRoutes } from './routes/restores.ts'
import { sessionRoutes } from './routes/session.ts'
import { storageRoutes } from './routes/storage.ts'
import { systemRoutes } from './routes/system.ts'
import { taskRoutes } from './routes/tasks.ts'
import { upkeepRoutes } from './routes/upkeep.ts'

/** The whole API, as the one table that is served, documented and tested. */
export function createRoutes(): Route[] {
  const routes: Route[] = [
    ...backupRoutes,
    ...downloadRoutes(),
    ...restoreRoutes,
    ...taskRoutes,
    ...systemRoutes,
    ...storageRoutes,
    ...upkeepRoutes,
    ...sessionRoutes,
  ]

  const root: Route = route({
    method: 'GET',
    path: '',
    permission: 'status:read',
    summary: 'This page; as JSON a list of the routes.',
    answers: { status: 200 },
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
    summary: 'The OpenAPI 3.1 document of this API.',
    answers: { status: 200 },
    handle: async ({ settings }) => ({ body: openApiDocument(all, { basePath: settings.basePath, version }) }),
  })
  const all: Route[] = [root, description, ...routes]
  return all
}
