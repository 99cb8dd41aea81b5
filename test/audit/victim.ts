import { randomBytes } from 'node:crypto'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { insideOf } from '@lifeboat/core/actions'
import { createMemoryStorage, type Storage } from '@lifeboat/core/storage'
import type { TemporaryCluster } from '@lifeboat/core/testing'
import type { Fact } from '../../packages/core/src/actions/facts.ts'
import type { AuditEntry } from '../../packages/core/src/catalog/catalog.ts'
import { appendFact } from '../../packages/core/src/engine/background/audit-log.ts'
import { initRepository } from '../../packages/core/src/repository/init.ts'

/** An engine whose catalog is a PostgreSQL database that an attacker can write to, and whose repository is memory. */
export interface Victim {
  cluster: TemporaryCluster
  engine: BackupEngine
  storage: Storage
  /** Name of the catalog's database. */
  catalog: string
  options: Parameters<typeof createBackupEngine>[0]
  /** SQL in the catalog. */
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>
  key(): Promise<Uint8Array>
  close(): Promise<void>
}

let count = 0

export async function openVictim(cluster: TemporaryCluster, rawKey = randomBytes(32)): Promise<Victim> {
  const number = ++count
  const catalog = `catalog_${number}`
  const url = await cluster.createDatabase(catalog)
  await cluster.sql(catalog, `ALTER DATABASE ${catalog} SET search_path = lifeboat, public`)
  const database = await cluster.createDatabase(`shop_${number}`)
  await cluster.sql(`shop_${number}`, 'CREATE TABLE orders AS SELECT n AS id FROM generate_series(1, 50) n')
  const storage = createMemoryStorage()
  const options = { repository: storage, catalog: url, database, encryption: { rawKey: rawKey.toString('hex') } }
  const engine = createBackupEngine(options)
  // Not through the engine: nothing is recorded yet.
  await initRepository(storage, { rawKey })
  return {
    ...{ cluster, engine, storage, catalog, options },
    sql: (text, values) => cluster.sql(catalog, text, values),
    key: async () => (await insideOf(engine).ground.parts.repository()).keys.audit,
    close: () => engine.stop(),
  }
}

/** A change of nothing, which is recorded, sealed and anchored. */
export const happen = ({ engine }: Pick<Victim, 'engine'>, value: number) => engine.config.change({ keep_daily: value })

export const someFact = (subject: string): Fact => ({
  ...{ type: 'finished', at: new Date().toISOString(), action: 'config.change', subject, actor: 'ann' },
  ...{ face: 'library', address: null, outcome: 'succeeded', task_id: null, facts: { keep_daily: 3 }, error: null },
})

/** What a process that dies right after the append leaves: an event without an anchor. `key` null: without a seal. */
export async function recordOnly({ engine }: Victim, subject: string, key: Uint8Array | null): Promise<AuditEntry> {
  const { catalog } = await insideOf(engine).ground.background()
  return appendFact(catalog, someFact(subject), { key })
}

/** Everything in a storage, to put it back. */
export async function contentsOf(storage: Storage): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>()
  for await (const { name } of storage.list('')) found.set(name, await storage.get(name))
  return found
}

export async function putBack(storage: Storage, contents: ReadonlyMap<string, Buffer>): Promise<void> {
  for (const name of (await contentsOf(storage)).keys()) if (!contents.has(name)) await storage.delete(name)
  for (const [name, data] of contents) await storage.put(name, data)
}

export async function anchorNames(storage: Storage): Promise<string[]> {
  return (await Array.fromAsync(storage.list('audit/'))).map(({ name }) => name).sort()
}
