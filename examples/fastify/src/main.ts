/** Notes on Fastify, with backups mounted at /api/backup and the admin pages at /admin/backups. See README.md for what to try. */
import { adminUi } from '@lifeboat/admin-ui'
import { createBackupEngine, isEngineError } from '@lifeboat/core'
import { backupRoutes, maintenanceMode } from '@lifeboat/fastify-adapter'
import fastify from 'fastify'
import { Pool } from 'pg'
import config from '../lifeboat.config.ts'
import { createAuthorize } from './authorize.ts'
import { openEnvironment } from './environment.ts'
import { createNotes } from './notes.ts'
import { notesPage } from './notes-page.ts'

const environment = await openEnvironment()
const pool = new Pool({ connectionString: environment.databaseUrl })
// A swap ends idle connections; the pool makes new ones by itself.
pool.on('error', () => {})
const notes = createNotes(pool)
await notes.prepare()

const engine = createBackupEngine({
  ...config,
  database: environment.databaseUrl,
  repository: environment.repository,
  encryption: environment.encryption,
})
await engine.repository.init().catch((error: unknown) => {
  if (!isEngineError(error, 'REPOSITORY_EXISTS')) throw error
})

const app = fastify()
const authorize = createAuthorize()
const confirmation = process.env.CONFIRMATION === 'off' ? 'off' : 'required'
await app.register(backupRoutes, { prefix: '/api/backup', engine, authorize, confirmation })
await app.register(backupRoutes, { prefix: '/admin/backups', engine, authorize, ui: adminUi() })

app.get('/', (_request, reply) => reply.type('text/html').send(notesPage))
await app.register(async (site) => {
  // Here: 503 for the moment in which a restore swaps the database.
  await site.register(maintenanceMode, { engine })
  site.get('/notes', () => notes.list())
  site.post<{ Body?: { text?: string } }>('/notes', async (request, reply) => {
    reply.status(201)
    return notes.add(String(request.body?.text ?? ''))
  })
  site.delete('/notes', async (_request, reply) => {
    await notes.empty()
    return reply.status(204).send()
  })
})

async function end(): Promise<void> {
  await app.close()
  await pool.end()
  await environment.remove()
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end)

const port = Number(process.env.PORT ?? 8000)
try {
  await app.listen({ port, host: process.env.HOST ?? 'localhost' })
  console.log(`Listening at http://localhost:${port}, with the backup API at /api/backup/`)
  console.log(`Admin pages: http://localhost:${port}/admin/backups`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
  await end()
}
