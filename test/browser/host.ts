import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Actor, type BackupEngine, createBackupEngine, type EngineOptions } from '@lifeboat/core'
import type { EnvironmentMark } from '@lifeboat/core/http'
import { ledgerInspector } from '@lifeboat/core/migrations'
import type { TemporaryCluster } from '@lifeboat/core/testing'
import express from 'express'
import fastify from 'fastify'
import { adminUi } from '../../packages/admin-ui/src/index.ts'
import { backupRoutes as expressRoutes } from '../../packages/express-adapter/src/index.ts'
import { backupRoutes as fastifyRoutes } from '../../packages/fastify-adapter/src/index.ts'

const actors: Record<string, Actor> = {
  admin: { id: 'ada', name: 'Ada', role: 'admin' },
  viewer: { id: 'vic', name: 'Vic', role: 'viewer' },
  nothing: { id: 'nobody' },
}

/** Who asks, by a cookie; an administrator without one. */
const authorize = (request: Request): Actor | null =>
  actors[/role=(\w+)/.exec(request.headers.get('cookie') ?? '')?.[1] ?? 'admin'] ?? null

export interface Host {
  engine: BackupEngine
  database: string
  /** Of the repository; its catalog lies in `catalog/catalog.sqlite`. */
  folder: string
  /** Of the pages, with a slash at the end. */
  url: string
  close(): Promise<void>
}

let databases = 0

/** An application with a shop's database, its backups mounted at a path, with pages. */
export async function openHost(
  cluster: TemporaryCluster,
  kind: 'Express' | 'Fastify',
  path: string,
  more: { engine?: Partial<EngineOptions>; environment?: EnvironmentMark; limits?: { requestsPerMinute: number } } = {},
): Promise<Host> {
  const database = `shop_${++databases}`
  const url = await cluster.createDatabase(database)
  await cluster.sql(
    database,
    `CREATE TABLE orders (id int PRIMARY KEY, note text);
     INSERT INTO orders SELECT n, md5(n::text) FROM generate_series(1, 60000) AS n;
     CREATE TABLE customers (id int PRIMARY KEY);
     CREATE TABLE migrations (id text PRIMARY KEY, applied_at timestamptz DEFAULT now());
     INSERT INTO migrations (id) VALUES ('001_first'), ('002_orders');`,
  )
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-browser-'))
  const engine = createBackupEngine({
    ...{ database: url, repository: folder, encryption: 'none', appName: 'shop' },
    ...more.engine,
    migrations: [
      ledgerInspector({
        name: 'shop',
        table: 'migrations',
        idColumn: 'id',
        known: async () => [{ id: '001_first' }, { id: '002_orders' }],
      }),
    ],
  })
  await engine.repository.init()
  const { environment, limits } = more
  const options = {
    ...{ authorize, ui: adminUi() },
    ...(environment ? { environment } : {}),
    ...(limits ? { limits } : {}),
  }
  const close =
    kind === 'Express' ? await serveExpress(engine, path, options) : await serveFastify(engine, path, options)
  return {
    engine,
    database,
    folder,
    url: `http://127.0.0.1:${close.port}${path}/ui/`,
    async close() {
      await close.end()
      await engine.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

type Options = { authorize: typeof authorize; ui: ReturnType<typeof adminUi>; environment?: EnvironmentMark }

async function serveExpress(engine: BackupEngine, path: string, options: Options) {
  const app = express()
  app.use(express.json())
  app.use(path, expressRoutes(engine, options))
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    end: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

async function serveFastify(engine: BackupEngine, path: string, options: Options) {
  const app = fastify()
  await app.register(fastifyRoutes, { ...options, engine, prefix: path })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: (app.server.address() as AddressInfo).port, end: () => app.close() }
}

/** Waits for a job that was begun without the browser. */
export async function ended(engine: BackupEngine, taskId: string): Promise<void> {
  const until = Date.now() + 180_000
  for (;;) {
    const task = await engine.tasks.get(taskId)
    if (task && task.status !== 'queued' && task.status !== 'running') return
    if (Date.now() > until) throw new Error(`Task ${taskId} does not end.`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
