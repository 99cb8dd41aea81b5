/** A demo to put on the internet: everybody may look at made-up data and its backups, and it begins again by itself. */
import { adminUi } from '@lifeboat/admin-ui'
import { backupRoutes } from '@lifeboat/express-adapter'
import express, { type Request, type RequestHandler } from 'express'
import { type DemoWorld, openDemoWorld } from './demo-world.ts'
import { readsOnly, requestsInAll, visitor, visitorLimits } from './visitors.ts'
import { welcomePage } from './welcome-page.ts'

const resetMinutes = positive('RESET_MINUTES', 60)
const label = `public demo, new every ${resetMinutes} min`

/** Of the environment; a whole number above 0. */
function positive(name: string, fallback: number): number {
  const value = Number(process.env[name] ?? fallback)
  if (!Number.isInteger(value) || value < 1 || value > 10_000) {
    console.error(`${name} must be a whole number from 1 to 10000.`)
    process.exit(2)
  }
  return value
}

interface Mounted {
  world: DemoWorld
  routes: RequestHandler
  since: Date
}

async function mount(): Promise<Mounted> {
  const world = await openDemoWorld()
  const routes = backupRoutes<Request>(world.engine, {
    authorize: visitor,
    ui: adminUi(),
    environment: { label, colour: 'amber' },
    limits: visitorLimits,
    onError: (error) => console.error(error),
  })
  return { world, routes, since: new Date() }
}

let current = await mount()
let resetting: Promise<void> | undefined

/** A new world beside the old one; the old one goes when the new one answers, and stays where that fails. */
async function reset(): Promise<void> {
  const next = await mount().catch((error: unknown) => void console.error('The demo was not made new.', error))
  if (!next) return
  const { world: old } = current
  current = next
  await old.remove()
  console.log('The demo is new.')
}

const app = express()
app.disable('x-powered-by')
// How many proxies are before it: without one, nothing that a visitor sends says where they come from.
app.set('trust proxy', Number(process.env.TRUSTED_PROXIES ?? 0))
app.use(requestsInAll(positive('REQUESTS_PER_MINUTE', 3000)))
app.get('/', (_request, response) => {
  response.set('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'")
  response.type('html').send(welcomePage({ resetMinutes, since: current.since }))
})
app.get('/healthz', (_request, response) => {
  response.json({ since: current.since })
})
app.use('/backups', readsOnly, (request, response, next) => current.routes(request, response, next))

function begin(): void {
  resetting ??= reset().finally(() => {
    resetting = undefined
  })
}

const timer = setInterval(begin, resetMinutes * 60_000)
process.on('SIGHUP', begin)

const port = Number(process.env.PORT ?? 8000)
const server = app.listen(port, process.env.HOST ?? 'localhost', (error?: Error) => {
  if (!error) return console.log(`Listening at http://localhost:${port}, new every ${resetMinutes} minutes`)
  console.error(error.message)
  process.exitCode = 1
  void end()
})

async function end(): Promise<void> {
  clearInterval(timer)
  await resetting
  await current.world.remove()
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    server.close(end)
    server.closeAllConnections()
  })
