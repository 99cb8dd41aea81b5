import { quoteIdentifier } from '../../postgres/identifiers.ts'
import type { Session } from '../../postgres/session.ts'
import { goneTable } from '../rewind/patch-tables.ts'
import type { ChoosingTable } from './chosen-tables.ts'

/** How long the condition may be looked at. */
const timeoutMs = 300_000

/**
 * Finds which of the backup's rows meet a condition of the caller's, and returns SQL that says so of a row `g`. The
 * condition is one expression, cannot write, and runs with the rights of the backups' role.
 */
export async function meetCondition(session: Session, table: ChoosingTable, where: string): Promise<string> {
  const { query } = session
  const chosen = `pg_temp.lifeboat_chosen_${table.number}`
  await query(`CREATE TABLE ${chosen} (place pg_catalog.tid NOT NULL)`)
  await query('SAVEPOINT condition')
  // For the subtransaction alone: what it releases is as it was before.
  await query('SET LOCAL transaction_read_only = on')
  await query(`SET LOCAL search_path = "$user", public`)
  await query(`SET LOCAL statement_timeout = ${timeoutMs}`)
  const name = quoteIdentifier(table.name)
  const text = `INSERT INTO ${chosen} SELECT ${name}.ctid FROM ${goneTable(table.number)} AS ${name} WHERE (${where}\n)`
  try {
    // By the protocol that takes one statement only.
    await session.client.query({ text, queryMode: 'extended' } as unknown as string)
  } catch (error) {
    throw session.translate(error, 'choosing rows')
  }
  await query('RELEASE SAVEPOINT condition')
  await query(`SET LOCAL search_path = ''; SET LOCAL statement_timeout = 0; ANALYZE ${chosen}`)
  return `(g.ctid IN (SELECT c.place FROM ${chosen} c))`
}
