import { EngineError } from '../../errors.ts'
import { log } from '../../events.ts'
import { readCatalogSchemas } from '../../postgres/bookkeeping.ts'
import { aloneWithWriters, lockCarry, markTable, unlockCarry, writersOf } from '../../postgres/catalog-carry.ts'
import { type ConnectionParameters, withDatabase } from '../../postgres/connection.ts'
import { sqlState } from '../../postgres/database-errors.ts'
import { qualifiedName } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import { openSession, type Session } from '../../postgres/session.ts'
import type { Running } from '../options.ts'
import { copyCatalog } from './copy-catalog.ts'
import { mayEnd } from './swap.ts'

/** After which something may go wrong; for tests. */
export type CarryStep = 'locked' | 'marked' | 'copied' | 'renamed'

export interface CarryOptions extends Pick<Running, 'report'> {
  /** How to reach the server. */
  parameters: ConnectionParameters
  /** The live database; null: nothing is live, so nothing is carried. */
  live: string | null
  /** The database that takes its place. */
  incoming: string
  /** The session whose transaction renames; it holds the lock that keeps writers out. */
  renamer: Query
  /** Another one, which ends sessions. */
  terminator: Query
  onStep?: ((step: CarryStep) => Promise<void> | void) | undefined
}

/** How often to ask for the moment without writers, 2 s each; who writes for longer is ended. */
const attempts = 5
/** Writers wait for that long, and their leases last 30 s. */
const copyMs = 15_000

/**
 * Runs `rename`, which puts `incoming` in the place of `live`, with every catalog that lies in the live database taken
 * along: when it resolves, the database of that name has all that was ever written to them. When it rejects, the live
 * database's catalogs have. The protocol, and why it holds, is in postgres/catalog-carry.ts.
 *
 * Throws `DATABASE_BUSY` where writers stay whose sessions the role cannot end, `RESTORE_FAILED` where a catalog cannot
 * be copied.
 */
export async function carryingCatalogs<T>(options: CarryOptions, rename: () => Promise<T>): Promise<T> {
  const { parameters, live, renamer, onStep } = options
  if (live === null) return rename()
  const [row] = await renamer<{ oid: string }>(
    'SELECT oid::pg_catalog.int8::text AS oid FROM pg_catalog.pg_database WHERE datname = $1',
    [live],
  )
  if (!row) throw new EngineError('PLAN_CHANGED', `Database "${live}" vanished.`)
  const { oid } = row
  // Also where there is no catalog: one could be made while we rename.
  await renamer(lockCarry, [oid])
  try {
    await onStep?.('locked')
    const from = await openSession(withDatabase(parameters, live), { application: 'restore catalog' })
    try {
      const schemas = await markCatalogs(options, from, oid)
      await onStep?.('marked')
      if (schemas.length > 0) await copyAll(options, from, schemas)
    } finally {
      await from.close()
    }
    await onStep?.('copied')
    const result = await rename()
    await onStep?.('renamed')
    return result
  } finally {
    // Its transaction is over. Where the connection is lost the server lets go by itself.
    await renamer(unlockCarry, [oid]).catch(() => {})
  }
}

/** The moment after which no writer begins: those before it have ended. Gives the schemas with a catalog. */
async function markCatalogs({ terminator, live }: CarryOptions, from: Session, oid: string): Promise<string[]> {
  const { query } = from
  for (let attempt = 1; ; attempt++) {
    await query('BEGIN ISOLATION LEVEL READ COMMITTED')
    try {
      const [same] = await query<{ same: boolean }>(
        'SELECT oid = $1::pg_catalog.oid AS same FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()',
        [oid],
      )
      if (!same?.same) throw new EngineError('PLAN_CHANGED', `Database "${live}" is another one by now.`)
      await query("SET LOCAL lock_timeout = '2s'")
      await query(aloneWithWriters)
      const schemas = await readCatalogSchemas(query)
      for (const schema of schemas)
        await query(`INSERT INTO ${qualifiedName({ schema, name: markTable })} DEFAULT VALUES ON CONFLICT DO NOTHING`)
      await query('COMMIT')
      return schemas
    } catch (error) {
      await query('ROLLBACK').catch(() => {})
      if (sqlState(error) !== '55P03') throw error
      if (attempt >= attempts)
        throw new EngineError('DATABASE_BUSY', `Sessions of "${live}" write to a catalog and do not end.`, {
          cause: error,
          detail: { database: live },
        })
      // Their transactions are not committed, and will be repeated.
      await terminator(
        `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
         WHERE pid IN (${writersOf}) AND ${mayEnd}`,
        [oid],
      )
    }
  }
}

async function copyAll(options: CarryOptions, from: Session, schemas: readonly string[]): Promise<void> {
  const { parameters, incoming, report } = options
  const late = new AbortController()
  const timer = setTimeout(() => {
    late.abort(
      new EngineError('RESTORE_FAILED', `The catalog could not be copied within ${copyMs / 1000} s.`, {
        advice: 'It is large: give it a database of its own, or let old jobs be forgotten, and restore again.',
      }),
    )
  }, copyMs)
  try {
    const to = await openSession(withDatabase(parameters, incoming), {
      application: 'restore catalog',
      signal: late.signal,
    })
    try {
      await from.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
      for (const schema of schemas) {
        const { rows } = await copyCatalog(from, to, schema)
        log(report, 'info', `Took the catalog in schema "${schema}" along: ${rows} rows.`)
      }
      await from.query('COMMIT')
    } finally {
      await to.close()
    }
  } finally {
    clearTimeout(timer)
  }
}
