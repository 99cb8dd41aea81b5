import { EngineError } from '../errors.ts'
import { archiveText } from '../postgres/archive/archive-text.ts'
import { openArchive } from '../postgres/archive/parse-archive.ts'
import { copyIn } from '../postgres/copy-in.ts'
import { qualifiedName, quoteIdentifier } from '../postgres/identifiers.ts'
import { copyIntoSql } from '../postgres/segments.ts'
import { openSession, type Session } from '../postgres/session.ts'
import type { TableRecord } from '../repository/documents/documents.ts'
import { readSegments } from '../repository/documents/manifest-chunks.ts'
import type { RestoreContext, Running } from '../restore/options.ts'
import { tablesOfDefinitions } from '../schema/table-schema.ts'
import { type Baseline, openBaseline } from './baseline.ts'
import { tableName } from './live-view.ts'

export interface ExtractRequest {
  backupId: string
  /** `table` or `schema.table` of the backup. */
  table: string
  /** The schema that gets the table; made where there is none. */
  into: string
  /** An SQL condition on its columns; rows that do not meet it are left out. It runs with the rights of the backups' role. */
  where?: string
}

export interface ExtractResult {
  /** `schema.name` of the new table. */
  table: string
  rows: number
  /** Rows the backup has of it. */
  of: number
}

/**
 * Puts one table of a backup beside the live ones, in a schema of its own: columns and rows, no constraints, indexes,
 * defaults or triggers. The live tables are not touched, and no history is needed. One transaction: all of it or nothing.
 *
 * @throws EngineError `CONFIG_INVALID` where the backup has no such table, `SCHEMA_CHANGED` where a type of it is no more,
 *   `DATABASE_ERROR` where the schema has a table of the name, `NO_RIGHTS`, ...
 */
export async function extractTable(
  context: Pick<RestoreContext, 'repository' | 'database'>,
  request: ExtractRequest,
  { signal, report }: Running = {},
): Promise<ExtractResult> {
  const baseline = await openBaseline(context, request.backupId, { signal, report })
  const record = findRecord(baseline, request.table)
  const types = await columnTypes(baseline, record)
  const target = { schema: request.into, name: record.name }
  const session = await openSession(context.database, { application: 'extract', signal })
  try {
    await session.query('BEGIN')
    await createSchema(session, request.into)
    const columns: string[] = []
    for (const column of types) columns.push(await columnSql(session, column))
    await session.query(`CREATE TABLE ${qualifiedName(target)} (${columns.join(', ')})`)
    await loadRows(session, baseline, record, target)
    const rows = request.where === undefined ? record.rows : await keepWhere(session, target, request.where)
    await session.query('COMMIT')
    return { table: `${request.into}.${record.name}`, rows, of: record.rows }
  } finally {
    // What was not committed goes with the session.
    await session.close()
  }
}

function findRecord({ tables }: Baseline, name: string): TableRecord {
  const found = [...tables.values()].find(
    (table) => tableName(table) === name || `${table.schema}.${table.name}` === name,
  )
  if (!found)
    throw new EngineError('CONFIG_INVALID', `The backup has no table "${name}".`, {
      advice: '{backups.get} lists the tables; the rows of a partitioned one are in its partitions.',
    })
  if (found.rows_excluded) throw new EngineError('CONFIG_INVALID', `The backup left the rows of "${name}" out.`)
  return found
}

/** Types by column, as the backup's definitions have them. */
async function columnTypes({ manifest, reader }: Baseline, record: TableRecord) {
  const archive = openArchive(await reader.readBytes(manifest.streams.schema))
  const text = archiveText(archive)
  const entries = Iterator.from(archive.entries)
    .filter(({ kind }) => kind === 'TABLE')
    .map(({ kind, schema, tag, definition }) => ({
      kind,
      ...{ schema: schema && text(schema), tag: tag && text(tag), definition: definition && text(definition) },
    }))
    .toArray()
  const table = tablesOfDefinitions(entries).find(
    ({ schema, name }) => schema === record.schema && name === record.name,
  )
  return record.columns.map((name) => {
    const type = table?.columns?.find((column) => column.name === name)?.type
    if (type === undefined)
      throw new EngineError('SCHEMA_CHANGED', `The type of column "${name}" of ${tableName(record)} cannot be told.`)
    return { name, type }
  })
}

/** The type is named by the server, which knows it, and not by the text of the backup. */
async function columnSql({ query }: Session, { name, type }: { name: string; type: string }): Promise<string> {
  const [row] = await query<{ type: string | null }>(
    'SELECT pg_catalog.format_type(pg_catalog.to_regtype($1), NULL) AS type',
    [type],
  )
  if (row?.type == null || row.type === '-')
    throw new EngineError('SCHEMA_CHANGED', `There is no type ${type} any more, which column "${name}" has.`)
  return `${quoteIdentifier(name)} ${row.type}`
}

async function createSchema({ query }: Session, schema: string): Promise<void> {
  const [there] = await query('SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1', [schema])
  if (!there) await query(`CREATE SCHEMA ${quoteIdentifier(schema)}`)
}

async function loadRows(
  session: Session,
  { manifest, reader }: Baseline,
  record: TableRecord,
  target: { schema: string; name: string },
): Promise<void> {
  const { encoding } = manifest.database_properties
  const copy = copyIn(session, copyIntoSql({ ...target, columns: record.columns }, { encoding }))
  try {
    for await (const { chunks } of readSegments(reader, record.segments))
      for await (const chunk of reader.readChunks(chunks)) await copy.write(chunk)
  } catch (error) {
    await copy.fail(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
  const { rows } = await copy.end()
  if (rows !== record.rows)
    throw new EngineError('ROW_COUNT_MISMATCH', `${rows} of ${record.rows} rows of ${tableName(record)} came.`)
}

/** Takes out what does not meet the condition; by the protocol that takes one statement only. Gives the rows left. */
async function keepWhere(session: Session, target: { schema: string; name: string }, where: string): Promise<number> {
  await session.query(`SET LOCAL search_path = "$user", public`)
  const text = `DELETE FROM ${qualifiedName(target)} WHERE (${where}\n) IS NOT TRUE`
  try {
    await session.client.query({ text, queryMode: 'extended' } as unknown as string)
  } catch (error) {
    throw session.translate(error, 'choosing rows')
  }
  await session.query(`SET LOCAL search_path = ''`)
  const [row] = await session.query<{ rows: number }>(
    `SELECT pg_catalog.count(*)::int AS rows FROM ${qualifiedName(target)}`,
  )
  return row!.rows
}
