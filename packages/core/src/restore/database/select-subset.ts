import { counted } from '../../counted.ts'
import { throwIfAborted } from '../../errors.ts'
import { log } from '../../events.ts'
import { requirePolicy } from '../../masking/mask-problems.ts'
import type { SubsetTable } from '../../masking/resolve-subset.ts'
import { createRowChoice, type RowChoice } from '../../masking/row-choice.ts'
import { factKinds } from '../../masking/row-facts.ts'
import { qualifiedName } from '../../postgres/identifiers.ts'
import type { TableRecord } from '../../repository/documents/documents.ts'
import { readSegments } from '../../repository/documents/manifest-chunks.ts'
import type { RestoreContent, RestoreRun } from '../restore-run.ts'
import { sealedChunksOf } from './backup-content.ts'
import type { RestoreSession } from './restore-session.ts'

/**
 * Decides which rows of the backup a copy gets, and returns its content with these alone. The rows are read once before they
 * are loaded, and what goes to the server is not one of them: for each a number, and for each key 64 bits of a keyed hash. The
 * server, which has disks where we have memory, follows the keys from row to row, in a schema of the copy that is gone before
 * the first definition is made. Memory: a bit for each row.
 */
export async function selectSubset(
  run: RestoreRun,
  content: RestoreContent,
  sessions: readonly RestoreSession[],
): Promise<RestoreContent> {
  const { masking } = content
  const [first] = sessions
  if (!masking?.subset || !first) return content
  const numbered = numberTables(content.tables, masking.subset)
  run.progress.phase('subset', {
    bytes: numbered.reduce((sum, { table, subset }) => sum + (subset.scan ? table.bytes : 0), 0),
  })
  for (const sql of making) await first.run([{ sql }])
  await scanTables(run, numbered, sessions)
  const unmet = await followKeys(run, numbered, first)
  const choices = await readChoices(run, numbered, first)
  await first.run([{ sql: `DROP SCHEMA ${scratch} CASCADE` }])
  run.progress.end()
  if (unmet.length > 0) log(run.report, 'warning', `No row of ${unmet.join(', ')} is one that the subset begins with.`)
  return withChoices(run, content, { numbered, choices })
}

const scratch = 'lifeboat_subset'

/** A table with the number of its first row: all rows of a backup are numbered together. */
interface Numbered {
  table: TableRecord
  subset: SubsetTable
  first: number
}

function numberTables(tables: readonly TableRecord[], subset: readonly SubsetTable[]): Numbered[] {
  let first = 0
  return tables.map((table, position) => {
    const numbered = { table, subset: subset[position] as SubsetTable, first }
    first += table.rows
    return numbered
  })
}

/** Without WAL: what a crash leaves is dropped with the copy. */
const making = [
  `CREATE SCHEMA ${scratch}`,
  `CREATE UNLOGGED TABLE ${scratch}.fact (kind smallint NOT NULL, n bigint NOT NULL, h bigint NOT NULL)`,
  `CREATE UNLOGGED TABLE ${scratch}.kept (n bigint PRIMARY KEY)`,
  `CREATE UNLOGGED TABLE ${scratch}.frontier (n bigint NOT NULL)`,
  `CREATE UNLOGGED TABLE ${scratch}.next (n bigint NOT NULL)`,
]

async function scanTables(
  { context, reader, progress, signal }: RestoreRun,
  tables: readonly Numbered[],
  sessions: readonly RestoreSession[],
): Promise<void> {
  const { key } = requirePolicy(context.masking)
  const queue = tables
    .filter(({ table, subset }) => subset.scan && table.rows > 0 && !table.rows_excluded)
    .toSorted((a, b) => b.table.bytes - a.table.bytes)
  const work = async (session: RestoreSession) => {
    for (let one = queue.shift(); one; one = queue.shift()) {
      throwIfAborted(signal)
      const { table, subset, first } = one
      const scan = { of: subset.scan!, key, columns: table.columns.length, first, rows: table.rows }
      await session.copy(
        {
          ...{ name: `${table.schema}.${table.name}`, sql: `COPY ${scratch}.fact FROM STDIN`, scan },
          ...{ before: [], after: [], rows: null, bytes: table.bytes },
        },
        sealedChunksOf(reader, readSegments(reader, table.segments)),
        (bytes) => progress.add({ bytes }),
      )
    }
  }
  await Promise.all(sessions.map(work))
}

/** What of the facts is looked for by which column. */
const indexes = [
  `CREATE INDEX ON ${scratch}.fact (h, n) WHERE kind = ${factKinds.key}`,
  `CREATE INDEX ON ${scratch}.fact (n, h) WHERE kind = ${factKinds.key}`,
  `CREATE INDEX ON ${scratch}.fact (n, h) WHERE kind = ${factKinds.up}`,
  `CREATE INDEX ON ${scratch}.fact (h, n) WHERE kind = ${factKinds.down}`,
  `ANALYZE ${scratch}.fact`,
]

/** Down from the start rows as declared, then up from everything; returns the tables of which no row is a start. */
async function followKeys(
  { signal, report }: RestoreRun,
  tables: readonly Numbered[],
  session: RestoreSession,
): Promise<string[]> {
  for (const sql of indexes) {
    throwIfAborted(signal)
    await session.run([{ sql }])
  }
  const begin = (kind: number) => keep(session, `SELECT DISTINCT n FROM ${scratch}.fact WHERE kind = ${kind}`)
  await begin(factKinds.start)
  const unmet = await tablesWithout(session, tables)
  let rounds = await follow(session, { from: factKinds.key, to: factKinds.down, signal })
  await begin(factKinds.whole)
  await session.run([
    { sql: `TRUNCATE ${scratch}.frontier` },
    { sql: `INSERT INTO ${scratch}.frontier SELECT n FROM ${scratch}.kept` },
  ])
  rounds += await follow(session, { from: factKinds.up, to: factKinds.key, signal })
  log(report, 'info', `Followed the foreign keys in ${counted(rounds, 'round')}.`)
  return unmet
}

/** From rows of the frontier by facts of one kind to rows with the same fact of another, until no row is new. */
async function follow(
  session: RestoreSession,
  { from, to, signal }: { from: number; to: number; signal: AbortSignal | undefined },
): Promise<number> {
  for (let rounds = 1; ; rounds++) {
    throwIfAborted(signal)
    await session.run([{ sql: `ANALYZE ${scratch}.frontier` }])
    const found = await keep(
      session,
      `SELECT DISTINCT other.n FROM ${scratch}.frontier JOIN ${scratch}.fact one ON one.n = frontier.n AND one.kind = ${from}
       JOIN ${scratch}.fact other ON other.h = one.h AND other.kind = ${to}`,
    )
    if (found === 0) return rounds
  }
}

/** Keeps rows; the new ones among them are the frontier afterwards. Returns how many these are. */
async function keep(session: RestoreSession, rows: string): Promise<number> {
  await session.run([
    {
      sql: `WITH added AS (INSERT INTO ${scratch}.kept ${rows} ON CONFLICT DO NOTHING RETURNING n)
        INSERT INTO ${scratch}.next SELECT n FROM added`,
    },
    { sql: `TRUNCATE ${scratch}.frontier` },
    { sql: `INSERT INTO ${scratch}.frontier SELECT n FROM ${scratch}.next` },
    { sql: `TRUNCATE ${scratch}.next` },
  ])
  const [row] = await session.query<{ count: string }>(`SELECT pg_catalog.count(*) AS count FROM ${scratch}.frontier`)
  return Number(row?.count ?? 0)
}

/** Tables with rows of which none is a start, although the policy begins with them. */
async function tablesWithout(session: RestoreSession, tables: readonly Numbered[]): Promise<string[]> {
  const begun = tables.filter(({ subset }) => (subset.scan?.starts.length ?? 0) > 0)
  const found = new Map<string, boolean>()
  for (const { table, subset, first } of begun) {
    const [row] = await session.query<{ any: boolean }>(
      `SELECT EXISTS (SELECT FROM ${scratch}.kept WHERE n >= $1 AND n < $2) AS any`,
      [first, first + table.rows],
    )
    found.set(subset.root, found.get(subset.root) === true || row?.any === true)
  }
  return [...found].flatMap(([root, any]) => (any ? [] : [root]))
}

const rowsAtATime = 50_000

/** Of each table of which some rows are kept: which. */
async function readChoices(
  { signal }: RestoreRun,
  tables: readonly Numbered[],
  session: RestoreSession,
): Promise<Map<Numbered, RowChoice>> {
  const choices = new Map<Numbered, RowChoice>()
  for (const one of tables) {
    const { table, subset, first } = one
    if (subset.role === 'whole' || subset.role === 'empty' || table.rows_excluded) continue
    const choice = createRowChoice(table.rows)
    const end = first + table.rows
    for (let from = first; from < end; ) {
      throwIfAborted(signal)
      const [page] = await session.query<{ rows: string | null; last: string | null }>(
        `SELECT pg_catalog.string_agg(n::text, ',') AS rows, pg_catalog.max(n)::text AS last
         FROM (SELECT n FROM ${scratch}.kept WHERE n >= $1 AND n < $2 ORDER BY n LIMIT ${rowsAtATime}) AS page`,
        [from, end],
      )
      if (!page?.rows || page.last === null) break
      for (const n of page.rows.split(',')) choice.add(Number(n) - first)
      from = Number(page.last) + 1
    }
    choices.set(one, choice)
  }
  return choices
}

function withChoices(
  { report }: RestoreRun,
  content: RestoreContent,
  { numbered, choices }: { numbered: readonly Numbered[]; choices: ReadonlyMap<Numbered, RowChoice> },
): RestoreContent {
  const tables = numbered.map((one): TableRecord => {
    const { table, subset } = one
    if (subset.role === 'empty') return { ...table, rows_excluded: true }
    const choice = choices.get(one)
    return choice ? { ...table, rows: choice.kept } : table
  })
  const rows = tables.reduce((sum, table) => sum + (table.rows_excluded ? 0 : table.rows), 0)
  const all = content.tables.reduce((sum, table) => sum + table.rows, 0)
  log(report, 'info', `The subset has ${rows} of ${counted(all, 'row')}.`)
  const some = [...choices].filter(([, { kept, of }]) => kept > 0 && kept < of)
  return {
    ...content,
    tables,
    masking: {
      ...content.masking!,
      choices: new Map(some.map(([{ table }, choice]) => [qualifiedName(table), choice])),
    },
  }
}
