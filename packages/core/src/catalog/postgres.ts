import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely'
import type { Pool } from 'pg'
import { EngineError, isEngineError } from '../errors.ts'
import { isCarried, markTable, oneOpener, shareWriters } from '../postgres/catalog-carry.ts'
import { databaseError } from '../postgres/database-errors.ts'
import { assembleCatalog } from './assemble.ts'
import type { Catalog } from './catalog.ts'
import { migrateCatalog } from './migrations.ts'
import { hintChannel, listenForHints } from './postgres-hints.ts'
import { prepareSchema } from './postgres-schema.ts'
import { isDuplicate, retryTransient } from './retry-transient.ts'
import type { Tables } from './tables.ts'
import { type CatalogFault, catalogError } from './watched-session.ts'

export interface PostgresCatalogOptions {
  /** Made by the caller (with an `error` listener); {@link Catalog.close} ends it. */
  pool: Pool
  /** Default `lifeboat`; made when it is not there. */
  schema?: string
  /** For people and logs. */
  location: string
  /** How long an operation is tried again while the server, or the database during a swap, is away. Default 30 s. */
  patienceMs?: number
}

/**
 * Opens a catalog in a schema of a PostgreSQL database. Any number of processes on any hosts may open the same. The
 * database may be one that is backed up: backups leave the schema out, and a restore or an undo takes it along
 * (postgres/catalog-carry.ts says how). During that time writes wait for `patienceMs`, and then fail with
 * `CATALOG_BUSY`.
 *
 * Throws `CONFIG_INVALID` where the schema holds what is not a catalog, and what connecting throws.
 */
export async function openPostgresCatalog(options: PostgresCatalogOptions): Promise<Catalog> {
  const { pool, schema = 'lifeboat', location, patienceMs = 30_000 } = options
  const root = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  const database = root.withSchema(schema)
  // Whatever the role or the database has as its default: under another level a writer would not see the mark.
  const transaction = <T>(work: (transaction: Transaction<Tables>) => Promise<T>) =>
    retryTransient(patienceMs, () => root.transaction().setIsolationLevel('read committed').execute(work))
  try {
    await transaction(async (opening) => {
      await sql.raw(oneOpener).execute(opening)
      await sql.raw(shareWriters).execute(opening)
      // Where there is no catalog yet there is no mark either.
      await refuseWhileCarried(opening)
      await prepareSchema(opening, schema)
      await migrateCatalog(opening.withSchema(schema), schema)
    })
  } catch (error) {
    await root.destroy()
    const said = catalogError(error, { location, faultOf: faultAtOpening })
    throw isEngineError(said) ? said : databaseError(error, `opening the catalog in ${location}`)
  }
  const listening = new Set<{ stop(): void }>()
  return assembleCatalog({
    location,
    watch: { faultOf },
    listen(onHint) {
      const hints = listenForHints(pool, schema, onHint)
      listening.add(hints)
      return hints
    },
    session: {
      read: (work) => retryTransient(patienceMs, () => work(database)),
      write: (work) =>
        transaction(async (writing) => {
          await sql.raw(shareWriters).execute(writing)
          if (await isMarked(writing, schema)) {
            await refuseWhileCarried(writing)
            await sql`DELETE FROM ${sql.id(schema, markTable)}`.execute(writing)
          }
          return work(writing.withSchema(schema))
        }),
      isDuplicate,
      announceJob: (writing) => sql`SELECT pg_catalog.pg_notify(${hintChannel}, ${schema})`.execute(writing),
    },
    async close() {
      for (const hints of listening) hints.stop()
      await root.destroy()
    },
  })
}

const faults: Readonly<Record<string, CatalogFault>> = {
  // A table, a column or the schema is missing.
  ...{ '42P01': 'gone', '42703': 'damaged', '3F000': 'gone', '3D000': 'gone' },
  // data_corrupted, index_corrupted, io_error
  ...{ XX001: 'damaged', XX002: 'damaged', '58030': 'damaged' },
  // disk_full, read_only_sql_transaction
  ...{ '53100': 'full', '25006': 'full' },
}

/** A database that is not there yet is no catalog that was deleted. */
function faultAtOpening(error: unknown): CatalogFault | null {
  return (error as { code?: unknown } | null)?.code === '3D000' ? null : faultOf(error)
}

function faultOf(error: unknown): CatalogFault | null {
  const code = error instanceof Error ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' && Object.hasOwn(faults, code) ? (faults[code] as CatalogFault) : null
}

async function isMarked(writing: Transaction<Tables>, schema: string): Promise<boolean> {
  const mark = sql.id(schema, markTable)
  const { rows } = await sql<{ marked: boolean }>`SELECT EXISTS (SELECT FROM ${mark}) AS marked`.execute(writing)
  return rows[0]?.marked === true
}

/** Looks at the locks of the whole server: not at every write. */
async function refuseWhileCarried(writing: Transaction<Tables>): Promise<void> {
  const { rows } = await sql.raw<{ carried: boolean }>(isCarried).execute(writing)
  if (rows[0]?.carried) throw new EngineError('CATALOG_BUSY', 'A restore is taking the catalog along.')
}
