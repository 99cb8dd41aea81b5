import { setTimeout as delay } from 'node:timers/promises'
import { Kysely, PostgresDialect, type PostgresPool, sql } from 'kysely'
import { assembleCatalog } from './assemble.ts'
import type { Catalog } from './catalog.ts'
import { migrateCatalog } from './migrations.ts'
import type { Tables } from './tables.ts'

/** Two halves of the advisory lock that writers share and a swap holds alone. */
const lockSpace = 0x1f_b0a7
const lockKey = 0

export interface PostgresCatalogOptions {
  /** Made by the caller (with an `error` listener); {@link Catalog.close} ends it. */
  pool: PostgresPool
  /** Default `lifeboat`; made when it is not there. */
  schema?: string
  /** For people and logs. */
  location: string
  /** How long a write is tried again while the server, or the database during a swap, is away. Default 30 s. */
  patienceMs?: number
}

/** Opens a catalog in a schema of a PostgreSQL database. Any number of processes on any hosts may open the same. */
export async function openPostgresCatalog(options: PostgresCatalogOptions): Promise<Catalog> {
  const { pool, schema = 'lifeboat', location, patienceMs = 30_000 } = options
  const root = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  const database = root.withSchema(schema)
  try {
    await createSchema(root, schema)
    await migrateCatalog(database, schema)
  } catch (error) {
    await root.destroy()
    throw error
  }
  return assembleCatalog({
    location,
    session: {
      read: (work) => again(patienceMs, () => work(database)),
      write: (work) =>
        again(patienceMs, () =>
          database.transaction().execute(async (transaction) => {
            await sql`SELECT pg_advisory_xact_lock_shared(${sql.lit(lockSpace)}, ${sql.lit(lockKey)})`.execute(
              transaction,
            )
            return work(transaction)
          }),
        ),
      isDuplicate: (error) => codeOf(error) === '23505',
    },
    holdWriters: (work) =>
      root.connection().execute(async (connection) => {
        await sql`SELECT pg_advisory_lock(${sql.lit(lockSpace)}, ${sql.lit(lockKey)})`.execute(connection)
        try {
          return await work()
        } finally {
          // After a swap this session may have been ended, and its lock with it.
          await sql`SELECT pg_advisory_unlock(${sql.lit(lockSpace)}, ${sql.lit(lockKey)})`
            .execute(connection)
            .catch(() => {})
        }
      }),
    close: () => root.destroy(),
  })
}

/** `CREATE SCHEMA IF NOT EXISTS` is not safe against itself in another session. */
async function createSchema(database: Kysely<Tables>, schema: string): Promise<void> {
  try {
    await database.schema.createSchema(schema).ifNotExists().execute()
  } catch (error) {
    const code = codeOf(error)
    if (code !== '23505' && code !== '42P06') throw error
  }
}

/**
 * The server going away, and the database being renamed under us: a transaction that was not committed can be repeated.
 * A connection lost while COMMIT was under way may have committed; every write here is a comparison first or an insert
 * under a key, so that a repetition changes nothing.
 */
const transient = new Set(['57P01', '57P02', '57P03', '3D000', '08000', '08003', '08006', '40001', '40P01'])
const transientSystem = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ENOENT', 'ETIMEDOUT'])

async function again<T>(patienceMs: number, work: () => Promise<T>): Promise<T> {
  const until = Date.now() + patienceMs
  for (let waitMs = 20; ; waitMs = Math.min(waitMs * 2, 1000)) {
    try {
      return await work()
    } catch (error) {
      if (!isTransient(error) || Date.now() + waitMs > until) throw error
      await delay(waitMs)
    }
  }
}

function isTransient(error: unknown): boolean {
  const code = codeOf(error)
  if (code !== undefined && (transient.has(code) || transientSystem.has(code))) return true
  return error instanceof Error && /Connection terminated|Client has encountered a connection error/.test(error.message)
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' ? code : undefined
}
