import { log, type Reporter } from '../events.ts'
import type { Query } from '../postgres/query.ts'

/** Younger ones are an application's ordinary work. */
const longMinutes = 10

/**
 * Tells of a transaction that has been open for long and has written something: what was changed since it began cannot be
 * told older than this backup, so the next ones will read it again.
 */
export async function mentionOldTransaction(query: Query, report: Reporter | undefined): Promise<void> {
  const [oldest] = await query<{ who: string; since: string }>(
    `SELECT who, pg_catalog.to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') AS since
     FROM (
       SELECT 'session ' || pid || COALESCE(' (' || NULLIF(application_name, '') || ')', '') AS who, xact_start AS since
       FROM pg_catalog.pg_stat_activity WHERE backend_xid IS NOT NULL
       UNION ALL
       SELECT 'prepared transaction ' || pg_catalog.quote_literal(gid), prepared FROM pg_catalog.pg_prepared_xacts
     ) AS writers
     WHERE since < pg_catalog.now() - interval '${longMinutes} minutes' ORDER BY since LIMIT 1`,
  )
  if (!oldest) return
  const message = `The transaction of ${oldest.who} is open since ${oldest.since}: until it ends, each backup reads again what has changed since then.`
  log(report, 'warning', message, { code: 'OLD_TRANSACTION' })
}
