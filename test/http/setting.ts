import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Actor, type BackupEngine, createBackupEngine, type EngineOptions } from '@lifeboat/core'
import type { TemporaryCluster } from '@lifeboat/core/testing'

/** Who asks, by the `authorization` header. */
const actors: Record<string, Actor> = {
  admin: { id: 'admin', role: 'admin' },
  operator: { id: 'operator', role: 'operator' },
  viewer: { id: 'viewer', role: 'viewer' },
  nothing: { id: 'nothing' },
}

export const authorize = (request: Request): Actor | null => actors[request.headers.get('authorization') ?? ''] ?? null

export const as = (actor: keyof typeof actors, headers: Record<string, string> = {}) => ({
  headers: { authorization: actor as string, ...headers },
})

export const post = (body?: unknown, headers: Record<string, string> = {}, actor: keyof typeof actors = 'admin') => ({
  method: 'POST',
  headers: {
    authorization: actor as string,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...headers,
  },
  ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
})

let databases = 0

/** A database with two tables, and an engine with an empty repository for it. */
export async function newSetting(
  cluster: TemporaryCluster,
  options: Partial<EngineOptions> = {},
): Promise<{ engine: BackupEngine; database: string; remove(): Promise<void> }> {
  const database = `shop_${++databases}`
  const url = await cluster.createDatabase(database)
  await cluster.sql(
    database,
    `CREATE TABLE orders (id int PRIMARY KEY, note text);
     INSERT INTO orders SELECT n, md5(n::text) FROM generate_series(1, 2000) AS n;
     CREATE TABLE "odd ""name" (x int);`,
  )
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-http-'))
  const engine = createBackupEngine({
    database: url,
    repository: folder,
    encryption: 'none',
    appName: 'shop',
    ...options,
  })
  await engine.repository.init()
  return { engine, database, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** Waits for a task through the API, as a client does. */
export async function taskEnd(
  get: (path: string, init: RequestInit) => Promise<Response>,
  taskId: string,
): Promise<Record<string, unknown> & { status: string }> {
  const until = Date.now() + 180_000
  for (;;) {
    const response = await get(`/tasks/${taskId}/`, as('viewer'))
    const task = (await response.json()) as Record<string, unknown> & { status: string }
    if (task.status !== 'queued' && task.status !== 'running') return task
    if (Date.now() > until) throw new Error(`Task ${taskId} does not end: ${JSON.stringify(task)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
