/**
 * A web application with backups mounted, in a process of its own: `GET /` answers from memory, `GET /items` with the
 * number of rows in the first database. Started by `startHost`, which asks it over IPC how it fares.
 */
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { allowLoopbackForDevelopment } from '@lifeboat/core/http'
import { Pool } from 'pg'
import { loadedModules } from './on-sources.ts'
import type { HostAnswer, HostQuestion } from './start-host.ts'

const { framework, options } = JSON.parse(process.argv[2] as string) as {
  framework: 'express' | 'fastify'
  options: EngineOptions
}
const atBegin = process.getActiveResourcesInfo()
/** The measuring instrument, and pipes to whoever started this process. */
const notOurs = ['IntervalHistogram', 'PipeWrap']
const engine = createBackupEngine(options)
await engine.repository.init()
const authorize = allowLoopbackForDevelopment(() => {})
const page = { items: Array.from({ length: 50 }, (_, id) => ({ id, text: `item ${id}` })) }
const pool = new Pool({ connectionString: Object.values(options.databases ?? {})[0], max: 4 })
// A swap ends idle connections; the pool makes new ones by itself.
pool.on('error', () => {})
const items = async () => (await pool.query('SELECT count(*)::int AS count FROM items')).rows[0]
const { server, close } = await (framework === 'express' ? openExpress() : openFastify())

const delay = monitorEventLoopDelay({ resolution: 1 })
/** Processor time of this thread between two turns of a timer: what the loop was kept busy for, however busy the machine is. */
let turns: number[] = []
let last = process.threadCpuUsage()
const everyTurn = () => {
  const { user, system } = process.threadCpuUsage()
  turns.push((user + system - last.user - last.system) / 1000)
  last = { user, system }
}
const timer = setInterval(everyTurn, 1)
process.on('message', (question: HostQuestion) => {
  if (question === 'reset') {
    delay.enable()
    delay.reset()
    turns = []
    loadedModules()
  }
  if (question === 'close') closeAll().catch((error) => process.nextTick(() => Promise.reject(error)))
  else {
    turns.sort((a, b) => a - b)
    answer({
      delayP99Ms: delay.percentile(99) / 1e6,
      delayMaxMs: delay.max / 1e6,
      turnP99Ms: turns[Math.floor(turns.length * 0.99)] ?? 0,
      turnMaxMs: turns.at(-1) ?? 0,
      modules: loadedModules(),
      resources: resources(),
      descriptors: descriptors(),
    })
  }
})
answer({ port: (server.address() as AddressInfo).port, resources: resources() })

/** Open files and sockets; Linux only, elsewhere 0. */
function descriptors(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0
}

/** What keeps the process from ending, beyond what it began with. */
function resources(): string[] {
  const before = [...atBegin]
  return process.getActiveResourcesInfo().filter((kind) => {
    if (notOurs.includes(kind)) return false
    const at = before.indexOf(kind)
    if (at >= 0) before.splice(at, 1)
    return at < 0
  })
}

/** As a host ends; afterwards nothing is left and the process ends by itself. */
async function closeAll(): Promise<void> {
  delay.disable()
  clearInterval(timer)
  await close()
  await engine.stop()
  await pool.end()
  // Sockets are given up when the other side has heard of it.
  for (let n = 0; n < 100 && resources().length > 0; n++)
    await new Promise((resolve) => setTimeout(resolve, 50).unref())
  answer({ resources: resources() }, () => process.disconnect())
}

function answer(what: HostAnswer, sent?: () => void): void {
  process.send?.(what, undefined, undefined, sent)
}

interface OpenHost {
  server: Server
  close(): Promise<void>
}

async function openExpress(): Promise<OpenHost> {
  const { default: express } = await import('express')
  const { backupRoutes, maintenanceMode } = await import('@lifeboat/express-adapter')
  const app = express()
  app.use('/api/backup', backupRoutes(engine, { authorize, confirmation: 'off' }))
  app.use(maintenanceMode(engine))
  app.get('/', (_request, response) => {
    response.json(page)
  })
  app.get('/items', async (_request, response) => {
    response.json(await items())
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, close: () => new Promise((resolve) => server.close(() => resolve())) }
}

async function openFastify(): Promise<OpenHost> {
  const { default: fastify } = await import('fastify')
  const { backupRoutes, maintenanceMode } = await import('@lifeboat/fastify-adapter')
  const app = fastify()
  await app.register(backupRoutes, { prefix: '/api/backup', engine, authorize, confirmation: 'off' })
  await app.register(async (site) => {
    await site.register(maintenanceMode, { engine })
    site.get('/', async () => page)
    site.get('/items', items)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { server: app.server, close: () => app.close() }
}
