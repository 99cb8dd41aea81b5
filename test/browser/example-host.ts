import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TemporaryCluster } from '@lifeboat/core/testing'
import { startExample } from '../examples/example.ts'
import { freePort } from '../examples/free-port.ts'

export interface ExampleHost {
  database: string
  /** Of the application itself. */
  site: string
  /** Of the admin pages, with a slash at the end. */
  url: string
  /** Calls the API beside the pages. */
  api<Result>(method: string, path: string, body?: unknown): Promise<Result>
  /** Ends the server as Ctrl-C does, and starts it again at the same place. */
  restart(meanwhile: () => Promise<void>): Promise<void>
  close(): Promise<void>
}

/** examples/express in a process of its own, on a database that holds more than its notes. */
export async function openExample(cluster: TemporaryCluster): Promise<ExampleHost> {
  const database = 'shop'
  const databaseUrl = await cluster.createDatabase(database)
  await cluster.sql(
    database,
    `CREATE TABLE orders (id int PRIMARY KEY, note text);
     INSERT INTO orders SELECT n, md5(n::text) FROM generate_series(1, 60000) AS n;
     CREATE TABLE customers (id int PRIMARY KEY);`,
  )
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-example-'))
  const port = await freePort()
  const start = () =>
    startExample('express', {
      ...{ DATABASE_URL: databaseUrl, BACKUP_DIRECTORY: join(folder, 'backups'), PORT: String(port) },
    })
  let running = await start()
  const site = `http://localhost:${port}/`
  return {
    database,
    site,
    url: `${site}admin/backups/ui/`,
    async api(method, path, body) {
      const response = await fetch(`${site}api/backup/${path}`, {
        method,
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      })
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
      return response.json()
    },
    async restart(meanwhile) {
      await running.stop()
      await meanwhile()
      running = await start()
    },
    async close() {
      await running.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
