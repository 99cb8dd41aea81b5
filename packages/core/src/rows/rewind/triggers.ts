import { qualifiedName, quoteIdentifier } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'

/** A trigger of an ordinary kind that is not disabled: O fires as usual, A always, R on replicas only. */
export interface EnabledTrigger {
  table: { schema: string; name: string }
  name: string
  enabled: 'O' | 'A' | 'R'
}

/** The triggers that people made on some tables and that are enabled, those cloned from partitioned tables included. */
export async function readTriggers(query: Query, oids: readonly number[]): Promise<EnabledTrigger[]> {
  const rows = await query<{ schema: string; relation: string; name: string; enabled: EnabledTrigger['enabled'] }>(
    `SELECT n.nspname::text AS schema, c.relname::text AS relation, t.tgname::text AS name, t.tgenabled::text AS enabled
     FROM pg_catalog.pg_trigger t
     JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE t.tgrelid = ANY ($1::pg_catalog.oid[]) AND NOT t.tgisinternal AND t.tgenabled <> 'D'
     ORDER BY n.nspname, c.relname, t.tgname`,
    [oids.map(String)],
  )
  return rows.map(({ schema, relation, name, enabled }) => ({ table: { schema, name: relation }, name, enabled }))
}

/** Disables them one by one; `ONLY`, because each partition's own are in the list. */
export async function silenceTriggers(query: Query, triggers: readonly EnabledTrigger[]): Promise<void> {
  for (const { table, name } of triggers)
    await query(`ALTER TABLE ONLY ${qualifiedName(table)} DISABLE TRIGGER ${quoteIdentifier(name)}`)
}

const enabling = { O: 'ENABLE TRIGGER', A: 'ENABLE ALWAYS TRIGGER', R: 'ENABLE REPLICA TRIGGER' }

/** Puts each back to what it was. */
export async function restoreTriggers(query: Query, triggers: readonly EnabledTrigger[]): Promise<void> {
  for (const { table, name, enabled } of triggers)
    await query(`ALTER TABLE ONLY ${qualifiedName(table)} ${enabling[enabled]} ${quoteIdentifier(name)}`)
}

/** Rules that would answer for an INSERT or a DELETE, by `replica`: whether only those count that fire on replicas too. */
export async function readRules(query: Query, oids: readonly number[], replica: boolean): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `SELECT pg_catalog.format('%I on %s', r.rulename, r.ev_class::pg_catalog.regclass) AS name FROM pg_catalog.pg_rewrite r
     WHERE r.ev_class = ANY ($1::pg_catalog.oid[]) AND r.ev_type IN ('3', '4') AND r.ev_enabled = ANY ($2::"char"[]) ORDER BY 1`,
    [oids.map(String), replica ? ['A', 'R'] : ['A', 'O']],
  )
  return rows.map(({ name }) => name)
}
