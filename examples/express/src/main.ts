/** Notes on Express, with backups mounted at /api/backup and the admin pages at /admin/backups. See README.md for what to try. */
import { adminUi } from '@lifeboat/admin-ui'
import { createBackupEngine, isEngineError } from '@lifeboat/core'
import { backupRoutes, maintenanceMode } from '@lifeboat/express-adapter'
import express from 'express'
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

const app = express()
const authorize = createAuthorize()
const confirmation = process.env.CONFIRMATION === 'off' ? 'off' : 'required'
app.use('/api/backup', backupRoutes(engine, { authorize, confirmation }))
app.use('/admin/backups', backupRoutes(engine, { authorize, ui: adminUi() }))

app.get('/', (_request, response) => {
  response.type('html').send(notesPage)
})
// From here on: 503 for the moment in which a restore swaps the database.
app.use(maintenanceMode(engine))
app.get('/notes', async (_request, response) => {
  response.json(await notes.list())
})
app.post('/notes', express.json(), async (request, response) => {
  response.status(201).json(await notes.add(String(request.body?.text ?? '')))
})
app.delete('/notes', async (_request, response) => {
  await notes.empty()
  response.status(204).end()
})

const port = Number(process.env.PORT ?? 8000)
const server = app.listen(port, process.env.HOST ?? 'localhost', async (error?: Error) => {
  if (!error) {
    console.log(`Listening at http://localhost:${port}, with the backup API at /api/backup/`)
    console.log(`Admin pages: http://localhost:${port}/admin/backups`)
    return
  }
  console.error(error.message)
  process.exitCode = 1
  await end()
})

async function end(): Promise<void> {
  await engine.stop()
  await pool.end()
  await environment.remove()
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.close(end))
