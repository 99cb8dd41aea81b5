import { EngineError, throwIfAborted } from '../../errors.ts'
import { log } from '../../events.ts'
import type { Canaries } from '../../masking/canaries.ts'
import { canaryBytes } from '../../masking/canary-sample.ts'
import { requirePolicy } from '../../masking/mask-problems.ts'
import { policyDigest } from '../../masking/policy.ts'
import type { SubsetRole } from '../../masking/resolve-subset.ts'
import type { ConnectionParameters } from '../../postgres/connection.ts'
import { copyOut } from '../../postgres/copy-out.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import { openSession, type Session } from '../../postgres/session.ts'
import type { TableRecord } from '../../repository/documents/documents.ts'
import type { Running } from '../options.ts'
import type { RestoreRun } from '../restore-run.ts'
import type { FilledCopy } from './restore-beside.ts'

/** What was done to a masked copy, and what was looked for in it. No value of a row is in it. */
export interface MaskReport {
  /** Names the policy, as the plan does. */
  policy: string
  tables: {
    table: string
    rows: number
    /** Of a subset: how many the backup has, and why the copy has these. */
    of?: number
    why?: SubsetRole
    kept: boolean
    empty: boolean
    masked: { column: string; mask: string; canaries: number }[]
  }[]
  /** Original values that were searched for. */
  canaries: number
  searched: { relations: number; bytes: number }
  /** What was left out although the backup holds it. */
  leftOut: string[]
  /** What the reader has to judge: definitions are code, and are in the copy as they are. */
  notes: string[]
}

export interface Searched {
  relations: number
  bytes: number
  /** Where originals are, and of which columns they are. */
  found: { place: string; of: string[] }[]
}

/**
 * Searches a filled copy for values that were masked: the rows of every table and materialized view, and the planner's
 * statistics. The values are compared here and never sent to the server, whose log would keep them.
 *
 * @throws EngineError `MASK_LEAK`: it names columns, not values.
 */
export async function proveMasked(run: RestoreRun, copy: FilledCopy): Promise<MaskReport | null> {
  const { masking } = copy.content
  if (!masking) return null
  run.progress.phase('prove-masked')
  const { canaries, tables, leftOut, subset } = masking
  const searched = await searchDatabase(copy.parameters, canaries, run)
  throwIfAborted(run.signal)
  refuseFound(searched.found)
  const counts = canaries.counts()
  const policy = requirePolicy(run.context.masking)
  const report: MaskReport = {
    policy: policyDigest(policy),
    tables: tables.map(({ name, rows: of, isEmpty, columns }, position) => {
      const rows = rowsOf(copy.content.tables[position])
      const masked = columns.flatMap(({ name: column, mask }) =>
        mask === null
          ? []
          : [
              {
                column,
                mask: mask.kind === 'pseudonym' ? mask.pseudonym : mask.kind,
                canaries: counts.get(`${name}.${column}`) ?? 0,
              },
            ],
      )
      return {
        table: name,
        rows,
        ...(subset ? { of, why: subset[position]?.role ?? 'empty' } : {}),
        kept: !isEmpty && masked.length === 0,
        empty: isEmpty,
        masked,
      }
    }),
    canaries: [...counts.values()].reduce((sum, count) => sum + count, 0),
    searched: { relations: searched.relations, bytes: searched.bytes },
    leftOut: [
      ...leftOut,
      ...(policy.largeObjects === 'leave-out' ? ['large objects'] : []),
      ...(policy.media === 'leave-out' ? ['media'] : []),
      ...(policy.sequences === 'start' ? ['values of sequences'] : []),
    ],
    notes: definitionNotes(copy, canaries),
  }
  log(
    run.report,
    'info',
    `Searched ${searched.relations} tables and views for ${report.canaries} original values: none found.`,
  )
  return report
}

const rowsOf = (table: TableRecord | undefined) => (!table || table.rows_excluded ? 0 : table.rows)

function refuseFound(found: Searched['found']): void {
  if (found.length === 0) return
  const some = found.slice(0, 8).map(({ place, of }) => `${place} holds values of ${of.join(', ')}`)
  throw new EngineError('MASK_LEAK', `Values that were to be masked are in the copy: ${some.join('; ')}.`, {
    detail: { found },
  })
}

/** Reads every row of a database and looks for canaries, by column. */
export async function searchDatabase(
  parameters: ConnectionParameters,
  canaries: Canaries,
  { signal }: Running = {},
): Promise<Searched> {
  const session = await openSession(parameters, { application: 'masking proof', signal })
  const searched: Searched = { relations: 0, bytes: 0, found: [] }
  try {
    for (const relation of await listRelations(session)) {
      throwIfAborted(signal)
      searched.relations++
      await searchRelation(session, relation, canaries, searched)
    }
    await searchStatistics(session, canaries, searched)
    return searched
  } finally {
    await session.close()
  }
}

interface Relation {
  schema: string
  name: string
  columns: string[]
}

/** What holds rows of its own, generated columns included. */
function listRelations({ query }: Session): Promise<Relation[]> {
  return query<Relation>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name,
       pg_catalog.array_agg(a.attname::text ORDER BY a.attnum) AS columns
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relkind IN ('r', 'm') AND c.relispopulated
       AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
     GROUP BY 1, 2 ORDER BY 1, 2`,
  )
}

const tab = 9
const newline = 10

/** A line longer than this is searched in pieces, and its columns are not told apart. */
const longLine = 4 << 20

async function searchRelation(
  session: Session,
  { schema, name, columns }: Relation,
  canaries: Canaries,
  searched: Searched,
): Promise<void> {
  const list = columns.map(quoteIdentifier).join(', ')
  const from = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
  const found = new Map<string, Set<string>>()
  const add = (place: string, of: readonly string[]) => {
    for (const one of of) found.set(place, (found.get(place) ?? new Set()).add(one))
  }
  const look = (lines: Buffer) => {
    if (canaries.search(lines).length === 0) return
    // Rare: only now is it worth taking lines apart.
    for (let start = 0; start < lines.length; ) {
      const end = lines.indexOf(newline, start) + 1 || lines.length
      for (const [position, field] of fieldsOf(lines.subarray(start, end)).entries())
        add(`${schema}.${name}.${columns[position] ?? '?'}`, canaries.search(field))
      start = end
    }
  }
  let open: Buffer[] = []
  let openBytes = 0
  let isLong = false
  const encoding = session.encoding === 'UTF8' ? '' : ` (ENCODING ${quoteLiteral(session.encoding)})`
  const sql = `COPY (SELECT ${list} FROM ONLY ${from}) TO STDOUT${encoding}`
  const { bytes } = await copyOut(session, sql, (piece) => {
    const end = piece.lastIndexOf(newline) + 1
    if (end > 0) {
      const first = isLong ? piece.indexOf(newline) + 1 : 0
      if (isLong) add(`${schema}.${name}`, canaries.search(Buffer.concat([...open, piece.subarray(0, first)])))
      look(Buffer.concat(isLong ? [piece.subarray(first, end)] : [...open, piece.subarray(0, end)]))
      open = []
      openBytes = 0
      isLong = false
    }
    open.push(Buffer.from(piece.subarray(end)))
    openBytes += piece.length - end
    if (openBytes < longLine) return
    const begun = Buffer.concat(open)
    add(`${schema}.${name}`, canaries.search(begun))
    open = [Buffer.from(begun.subarray(-canaryBytes))]
    openBytes = canaryBytes
    isLong = true
  })
  searched.bytes += bytes
  for (const [place, of] of found) searched.found.push({ place, of: [...of] })
}

function fieldsOf(line: Buffer): Buffer[] {
  const fields: Buffer[] = []
  let start = 0
  for (let at = line.indexOf(tab); at >= 0; at = line.indexOf(tab, at + 1)) {
    fields.push(line.subarray(start, at))
    start = at + 1
  }
  fields.push(line.subarray(start))
  return fields
}

/** Statistics hold values; those of a copy were gathered in it. */
async function searchStatistics({ query }: Session, canaries: Canaries, searched: Searched): Promise<void> {
  const rows = await query<{ place: string; text: string }>(
    `SELECT schemaname || '.' || tablename || '.' || attname AS place,
       pg_catalog.concat_ws(' ', most_common_vals::text, histogram_bounds::text, most_common_elems::text) AS text
     FROM pg_catalog.pg_stats WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  )
  for (const { place, text } of rows) {
    const of = canaries.findIn(Buffer.from(text, 'utf8').toString('latin1'))
    if (of.length > 0) searched.found.push({ place: `statistics of ${place}`, of })
  }
}

function definitionNotes({ content }: FilledCopy, canaries: Canaries): string[] {
  const holding = content.steps.filter(
    ({ sql }) => sql !== null && canaries.findIn(Buffer.from(sql, 'utf8').toString('latin1')).length > 0,
  )
  const definitions = 'Definitions (views, functions, defaults, checks) are code and are in the copy as they are.'
  if (holding.length === 0) return [definitions]
  const some = holding.slice(0, 20).map(({ name }) => name)
  return [`${definitions} These hold texts that rows had too: ${some.join(', ')}.`]
}
