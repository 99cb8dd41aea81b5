import { copyIn } from '../postgres/copy-in.ts'
import { copyOut } from '../postgres/copy-out.ts'
import { qualifiedName, quoteIdentifier, quoteLiteral } from '../postgres/identifiers.ts'
import { copyIntoSql } from '../postgres/segments.ts'
import { openSession, type Session } from '../postgres/session.ts'
import { readSegments } from '../repository/documents/manifest-chunks.ts'
import { createHostPause } from '../threads/yield-to-host.ts'
import type { PartSink } from './compare-rows.ts'
import type { LiveView } from './live-view.ts'
import type { TablePair } from './pair-tables.ts'
import { createLineBlocks, linesOf } from './whole-lines.ts'

/**
 * The exact difference of tables whose row headers prove nothing (another history, a rewritten table): the backup's rows
 * are loaded into a temporary table, and the server compares the text of all rows, whatever their keys and order. It costs
 * what loading the table costs, in time and in temporary space of the server. The transaction is rolled back: nothing of
 * it remains.
 *
 * @throws EngineError `SCHEMA_CHANGED` where the backup's rows do not fit into the table's columns any more,
 *   `DATABASE_RIGHTS` where the role cannot create temporary tables.
 */
export async function compareContent(view: LiveView, pair: TablePair, sink: PartSink): Promise<void> {
  const session = await openSession(view.snapshot.session.parameters, {
    application: 'rows',
    signal: view.signal,
    copyReader: true,
  })
  try {
    await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE')
    await session.query(`SET TRANSACTION SNAPSHOT ${quoteLiteral(view.snapshot.id)}`)
    await loadBackup(view, pair, session)
    await matchRows(session, pair)
    await giveDifference(session, pair, sink)
    await sink.done()
  } finally {
    await session.close()
  }
}

const loaded = { schema: 'pg_temp', name: 'lifeboat_backup' }

async function loadBackup(view: LiveView, { live, record }: TablePair, session: Session): Promise<void> {
  const columns = record.columns.map(quoteIdentifier).join(', ')
  await session.query(
    `CREATE TEMP TABLE lifeboat_backup AS SELECT ${columns} FROM ONLY ${qualifiedName(live)} WITH NO DATA`,
  )
  const copy = copyIn(session, copyIntoSql({ ...loaded, columns: record.columns }, { encoding: session.encoding }))
  try {
    for await (const segment of readSegments(view.baseline.reader, record.segments))
      for await (const chunk of view.baseline.reader.readChunks(segment.chunks)) await copy.write(chunk)
  } catch (error) {
    await copy.fail(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
  await copy.end()
}

/**
 * Numbers equal rows on both sides, so that of three equal rows here and two there one is left over. Rows are equal
 * when their text is: 1.0 and 1.00 are not. SHA-256, because a user who can write rows must not be able to hide one.
 */
async function matchRows({ query }: Session, { live, record }: TablePair): Promise<void> {
  const text = `ROW(${record.columns.map(quoteIdentifier).join(', ')})::pg_catalog.text`
  const hash = `pg_catalog.sha256(pg_catalog.convert_to(${text}, pg_catalog.getdatabaseencoding()))`
  const numbered = (
    from: string,
  ) => `SELECT place, hash, pg_catalog.row_number() OVER (PARTITION BY hash ORDER BY place) AS number
    FROM (SELECT ctid AS place, ${hash} AS hash FROM ${from}) AS hashed`
  await query(`CREATE TEMP TABLE lifeboat_then AS ${numbered('pg_temp.lifeboat_backup')}`)
  await query(`CREATE TEMP TABLE lifeboat_now AS ${numbered(`ONLY ${qualifiedName(live)}`)}`)
  await query('ANALYZE pg_temp.lifeboat_then; ANALYZE pg_temp.lifeboat_now')
}

async function giveDifference(session: Session, { live, record }: TablePair, sink: PartSink): Promise<void> {
  const columns = record.columns.map(quoteIdentifier)
  const encoding = session.encoding === 'UTF8' ? '' : ` (ENCODING ${quoteLiteral(session.encoding)})`
  const unmatched = (own: string, other: string) => `SELECT place FROM pg_temp.${own} a WHERE NOT EXISTS (
    SELECT FROM pg_temp.${other} b WHERE b.hash = a.hash AND b.number = a.number)`
  const pause = createHostPause()
  await lines(
    session,
    `COPY (SELECT ${columns.join(', ')} FROM pg_temp.lifeboat_backup
       WHERE ctid IN (${unmatched('lifeboat_then', 'lifeboat_now')})) TO STDOUT${encoding}`,
    async (line) => {
      await sink.gone(line, 1)
      await pause(1)
    },
  )
  await lines(
    session,
    `COPY (SELECT ${['ctid', ...columns].join(', ')} FROM ONLY ${qualifiedName(live)}
       WHERE ctid IN (${unmatched('lifeboat_now', 'lifeboat_then')})) TO STDOUT${encoding}`,
    async (line) => {
      const tab = line.indexOf(9)
      if (tab < 0) await sink.fresh(line.toString('latin1', 0, line.length - 1), line.subarray(-1))
      else await sink.fresh(line.toString('latin1', 0, tab), line.subarray(tab + 1))
      await pause(1)
    },
  )
}

async function lines(session: Session, sql: string, take: (line: Buffer) => Promise<void>): Promise<void> {
  const blocks = createLineBlocks()
  await copyOut(session, sql, async (piece) => {
    const block = blocks.push(piece)
    if (block) for (const line of linesOf(block)) await take(line)
  })
}
