import type { RowMask } from '../../masking/column-mask.ts'
import { countChosen, type RowChoice } from '../../masking/row-choice.ts'
import { qualifiedName, quoteIdentifier } from '../../postgres/identifiers.ts'
import { copyIntoSql } from '../../postgres/segments.ts'
import type { ChunkReader } from '../../repository/chunks/chunk-reader.ts'
import type { Manifest, Segment, TableRecord } from '../../repository/documents/documents.ts'
import { readSegments } from '../../repository/documents/manifest-chunks.ts'
import { sealedChunksOf } from './backup-content.ts'
import type { RestoreSession } from './restore-session.ts'

/** A table's rows, or some of its segments: what one session loads at a time. */
export interface RowsPart {
  table: TableRecord
  /** Positions of its segments, [from, to); null: all of them. */
  segments: { from: number; to: number } | null
  bytes: number
}

export interface RowsOptions {
  encoding: string
  /**
   * `freeze`: TRUNCATE and COPY FREEZE in a transaction of its own. `append`: rows are only added; `in-transaction`: in
   * one that is open already.
   */
  mode: 'freeze' | 'append' | 'in-transaction'
  /** In whose name the rows are loaded; default: ours. */
  role?: string | null
  onBytes?: (bytes: number) => void
  mask?: RowMask | undefined
  /** The rows that are loaded; default: all. The record of the table counts these. */
  choice?: RowChoice | undefined
  onCanaries?: (canaries: Map<string, string[]>) => void
}

/** A table above this is loaded by several sessions at once, without FREEZE. */
const splitBytes = 512 << 20

/**
 * How tables are divided among `sessions`. A part that is the whole table is loaded with FREEZE, which spares the
 * later vacuum; only a table that alone would keep one session busy while the others are idle is cut.
 */
export function rowsParts(
  tables: readonly TableRecord[],
  sessions: number,
  splitAbove: number = splitBytes,
): RowsPart[] {
  return tables
    .filter(({ rows }) => rows > 0)
    .flatMap((table): RowsPart[] => {
      const count = Array.isArray(table.segments)
        ? table.segments.length
        : Math.max(1, Math.ceil(table.blocks / table.segment_blocks))
      const parts = table.bytes > splitAbove ? Math.min(sessions, count) : 1
      if (parts === 1) return [{ table, segments: null, bytes: table.bytes }]
      return Array.from({ length: parts }, (_, part) => ({
        table,
        segments: {
          from: Math.floor((part * count) / parts),
          // However many segments there turn out to be, the last part takes the rest.
          to: part === parts - 1 ? Number.POSITIVE_INFINITY : Math.floor(((part + 1) * count) / parts),
        },
        bytes: table.bytes / parts,
      }))
    })
}

/** Loads a part. Fails with `ROW_COUNT_MISMATCH` where rows or bytes are not as many as the backup recorded. */
export async function loadRows(
  session: RestoreSession,
  reader: ChunkReader,
  { table, segments }: RowsPart,
  { encoding, mode, role = null, onBytes, mask, choice, onCanaries }: RowsOptions,
): Promise<number> {
  // Through the root a row finds its partition; that one may hold rows of another one already.
  const target = { ...table, ...table.load_via }
  const freeze = mode === 'freeze' && segments === null && table.load_via === null
  const name = qualifiedName(target)
  const asRole = role === null ? [] : [`SET LOCAL ROLE ${quoteIdentifier(role)}`]
  const begin = freeze || (role !== null && mode !== 'in-transaction') ? ['BEGIN'] : []
  const expected = segments === null ? table : await totals(reader, table, segments)
  const choose = choice && (await chosenOf(reader, { table, segments }, choice))
  const chosen = segments === null ? readSegments(reader, table.segments) : slice(reader, table, segments)
  const { rows, canaries } = await session.copy(
    {
      name: `${table.schema}.${table.name}`,
      before: [...begin, ...asRole, ...(freeze ? [`TRUNCATE ONLY ${name}`] : [])],
      sql: copyIntoSql(target, { encoding, freeze }),
      rows: choose ? choose.kept : expected.rows,
      bytes: expected.bytes,
      after: [...(role === null ? [] : ['RESET ROLE']), ...(begin.length > 0 ? ['COMMIT'] : [])],
      ...(mask ? { mask } : {}),
      ...(choose ? { choose: { bits: choose.bits, first: choose.first, rows: choose.rows } } : {}),
    },
    sealedChunksOf(reader, chosen),
    onBytes,
  )
  if (canaries) onCanaries?.(canaries)
  return rows
}

/** Unseals every chunk of a table's rows without loading them: that they are all there and good. */
export async function checkRows(session: RestoreSession, reader: ChunkReader, table: TableRecord): Promise<void> {
  const name = `${table.schema}.${table.name}`
  const request = { name, before: [], sql: null, rows: null, bytes: table.bytes, after: [] }
  await session.copy(request, sealedChunksOf(reader, readSegments(reader, table.segments)))
}

async function* slice(
  reader: ChunkReader,
  table: TableRecord,
  { from, to }: { from: number; to: number },
): AsyncGenerator<Segment> {
  let position = 0
  for await (const segment of readSegments(reader, table.segments)) {
    if (position >= to) return
    if (position >= from) yield segment
    position++
  }
}

/** Which rows of a part are loaded, by their place in the whole table. */
async function chosenOf(
  reader: ChunkReader,
  { table, segments }: Pick<RowsPart, 'table' | 'segments'>,
  choice: RowChoice,
) {
  const { bits } = choice
  if (segments === null) return { bits, first: 0, rows: choice.of, kept: choice.kept }
  const before = await totals(reader, table, { from: 0, to: segments.from })
  const { rows } = await totals(reader, table, segments)
  return { bits, first: before.rows, rows, kept: countChosen(choice, before.rows, before.rows + rows) }
}

async function totals(
  reader: ChunkReader,
  table: TableRecord,
  range: { from: number; to: number },
): Promise<{ rows: number; bytes: number }> {
  let rows = 0
  let bytes = 0
  for await (const segment of slice(reader, table, range)) {
    rows += segment.rows
    bytes += segment.bytes
  }
  return { rows, bytes }
}

/** The same for the pages of large objects. */
export async function checkLargeObjects(
  session: RestoreSession,
  reader: ChunkReader,
  manifest: Manifest,
): Promise<void> {
  const request = { name: 'large objects', before: [], sql: null, rows: null, bytes: null, after: [] }
  await session.copy(request, sealedChunksOf(reader, readSegments(reader, manifest.large_object_segments)))
}
