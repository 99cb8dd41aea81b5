import { isEngineError } from '../../errors.ts'
import type { ConnectionParameters } from '../../postgres/connection.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import { openSession } from '../../postgres/session.ts'
import type { RestoreRun } from '../restore-run.ts'

export interface CheckedIndexes {
  /** Null: it was not done, and `notes` says why. */
  checked: number | null
  problems: string[]
  notes: string[]
}

/**
 * Has amcheck look at every B-tree index of a restored database, where the server has the extension and the role may use
 * it: an index in an order that this server does not have (another library of collations) is found so.
 */
export async function checkIndexes(
  parameters: ConnectionParameters,
  { signal }: Pick<RestoreRun, 'signal'>,
): Promise<CheckedIndexes> {
  const session = await openSession(parameters, { application: 'drill indexes', ...(signal ? { signal } : {}) })
  const notDone = (why: string): CheckedIndexes => ({
    ...{ checked: null, problems: [] },
    notes: [`Indexes were not checked by amcheck: ${why}`],
  })
  try {
    const { query } = session
    const [extension] = await query("SELECT 1 FROM pg_catalog.pg_available_extensions WHERE name = 'amcheck'")
    if (!extension) return notDone('the server does not have the extension.')
    const schema = await extensionSchema(query)
    if (schema === null) return notDone('this role cannot create the extension.')
    return await checkEach(query, schema)
  } catch (error) {
    if (isRefused(error)) return notDone('this role cannot use it.')
    throw error
  } finally {
    await session.close()
  }
}

/** The extension's schema in this database, created where it is missing; null where the role cannot create it. */
async function extensionSchema(query: Query): Promise<string | null> {
  const find = async () => {
    const [row] = await query<{ name: string }>(
      `SELECT n.nspname::text AS name FROM pg_catalog.pg_extension e
       JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'amcheck'`,
    )
    return row?.name ?? null
  }
  const there = await find()
  if (there !== null) return there
  try {
    await query('CREATE EXTENSION amcheck WITH SCHEMA pg_catalog')
  } catch (error) {
    if (isRefused(error)) return null
    throw error
  }
  return find()
}

async function checkEach(query: Query, schema: string): Promise<CheckedIndexes> {
  const indexes = await query<{ oid: string; name: string }>(
    `SELECT c.oid::pg_catalog.int8::text AS oid, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
     JOIN pg_catalog.pg_am a ON a.oid = c.relam JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE a.amname = 'btree' AND c.relkind = 'i' AND c.relpersistence <> 't' AND i.indisvalid AND c.oid::pg_catalog.int8 >= 16384
     ORDER BY c.oid`,
  )
  const problems: string[] = []
  for (const { oid, name } of indexes) {
    try {
      await query(
        `SELECT ${quoteIdentifier(schema)}.bt_index_check($1::pg_catalog.int8::pg_catalog.oid::pg_catalog.regclass)`,
        [oid],
      )
    } catch (error) {
      const state = sqlStateOf(error)
      if (!(error instanceof Error) || !state || !/^XX00[12]$/.test(state)) throw error
      problems.push(`Index ${name} is damaged, says amcheck: ${error.message}`)
    }
  }
  return { checked: indexes.length, problems, notes: [] }
}

function sqlStateOf(error: unknown): string | null {
  const { sqlstate } = isEngineError(error) ? error.detail : {}
  return typeof sqlstate === 'string' ? sqlstate : null
}

const isRefused = (error: unknown): boolean => sqlStateOf(error) === '42501'
