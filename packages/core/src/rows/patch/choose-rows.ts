import { copyOut } from '../../postgres/copy-out.ts'
import { qualifiedName, quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import type { Session } from '../../postgres/session.ts'
import { createHostPause } from '../../threads/yield-to-host.ts'
import { createDifferenceDigest, type DifferenceDigest } from '../difference-digest.ts'
import { type LiveView, tableName } from '../live-view.ts'
import { keyPositions } from '../primary-keys.ts'
import type { FoundDifference } from '../rewind/find-difference.ts'
import type { RowChoice, TenantChoice } from '../rewind/options.ts'
import { freshTable, goneTable } from '../rewind/patch-tables.ts'
import type { RewindRefusal } from '../rewind/rewind-plan.ts'
import { createLineBlocks, linesOf } from '../whole-lines.ts'
import { type ChoosingWeakening, chooseTenant } from './choose-tenant.ts'
import {
  type ChoosingTable,
  chooseFrom,
  isChosen,
  keepChosen,
  layOutSides,
  nowTable,
  thenTable,
} from './chosen-tables.ts'
import { closureRefusals } from './closure.ts'
import { meetCondition } from './meet-condition.ts'
import type { Tenant } from './tenant.ts'

/** The difference that is left once rows were chosen, and what stands in the way. */
export interface ChosenRows {
  found: FoundDifference[]
  refusals: RewindRefusal[]
  /** Looks, inside the transaction that applied the patch, whether all is as planned: `PLAN_CHANGED`. */
  verify?: (query: Query) => Promise<void>
}

export interface Choosing {
  /** Of the temporary tables that hold the difference, by oid of the table. */
  numbers: ReadonlyMap<number, number>
  choice: RowChoice | TenantChoice
  /** Of a {@link TenantChoice}. */
  tenant: Tenant | null
  weakening?: ChoosingWeakening | undefined
}

/**
 * Leaves of the difference, which lies in the temporary tables of a session, only the rows that are asked for. `session`
 * is in a transaction that sees what the difference was read under.
 */
export async function chooseRows(
  session: Session,
  view: LiveView,
  found: readonly FoundDifference[],
  { numbers, choice, tenant, weakening }: Choosing,
): Promise<ChosenRows> {
  const { query } = session
  const tables = found.map(({ pair, key }): ChoosingTable => {
    const { oid, schema, name } = pair.live
    return { number: numbers.get(oid)!, oid, schema, name, columns: pair.record.columns, key }
  })
  const refusals: RewindRefusal[] = []
  let verify: ChosenRows['verify']
  if (choice.kind === 'rows')
    for (const table of tables) refusals.push(...(await chooseByCondition(session, table, choice)))
  else {
    const chosen = await chooseTenant(query, view, tables, { tenant: tenant!, weakening })
    refusals.push(...chosen.refusals)
    verify = chosen.verify
  }
  const patched: ChoosingTable[] = []
  for (const table of tables) if (await isChosen(query, table)) patched.push(table)
  if (weakening !== 'not closed') refusals.push(...(await closureRefusals(query, patched)))
  for (const { number } of tables) await keepChosen(query, number)
  const chosen: FoundDifference[] = []
  for (const [index, table] of tables.entries())
    chosen.push({ ...found[index]!, digest: await digestOf(session, table) })
  return { found: chosen, refusals, ...(verify ? { verify } : {}) }
}

async function chooseByCondition(
  session: Session,
  table: ChoosingTable,
  { where, onConflict }: RowChoice,
): Promise<RewindRefusal[]> {
  const { query } = session
  const { number, key } = table
  const mine = where === null ? 'true' : await meetCondition(session, table, where)
  await layOutSides(query, table, { was: { mine, other: 'false' }, is: { mine: 'false', other: 'false' } })
  const live = `EXISTS (SELECT FROM ${nowTable(number)} t WHERE t.key = g.key)`
  const replaced = `t.key IN (SELECT g.key FROM ${thenTable(number)} g WHERE g.mine)`
  if (onConflict === 'backup') await chooseFrom(query, number, { put: 'g.mine', take: replaced })
  else await chooseFrom(query, number, { put: `g.mine AND NOT ${live}`, take: 'false' })
  if (key !== null) return []
  const [row] = await query<{ any: boolean }>(`SELECT EXISTS (SELECT FROM ${goneTable(number)}) AS any`)
  return row!.any ? [{ code: 'NO_PRIMARY_KEY', text: `No primary key: ${tableName(table)}.` }] : []
}

/** Sums up what is in the temporary tables of a table. */
async function digestOf(
  session: Session,
  { number, key, columns, ...table }: ChoosingTable,
): Promise<DifferenceDigest> {
  const digest = createDifferenceDigest(keyPositions(key ? [...key] : undefined, columns))
  const listed = (alias: string) => columns.map((column) => `${alias}.${quoteIdentifier(column)}`).join(', ')
  const gone = `SELECT ${listed('g')} FROM ${goneTable(number)} g`
  const fresh = `SELECT ${listed('t')} FROM ONLY ${qualifiedName(table)} t JOIN ${freshTable(number)} f ON t.ctid = f.place`
  await eachLine(session, gone, (line) => digest.gone(line))
  await eachLine(session, fresh, (line) => digest.fresh(line))
  return digest
}

async function eachLine(session: Session, select: string, take: (line: Buffer) => void): Promise<void> {
  const encoding = session.encoding === 'UTF8' ? '' : ` (ENCODING ${quoteLiteral(session.encoding)})`
  const blocks = createLineBlocks()
  const pause = createHostPause(500)
  await copyOut(session, `COPY (${select}) TO STDOUT${encoding}`, async (piece) => {
    const block = blocks.push(piece)
    if (!block) return
    for (const line of linesOf(block)) {
      take(line)
      await pause(1)
    }
  })
}
