import { type ConnectionParameters, withDatabase } from '../../postgres/connection.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import { openSession } from '../../postgres/session.ts'

/**
 * Drops a database that a restore has made, with its sessions. PostgreSQL drops none that a subscription is in: those are
 * disabled, detached from their slot (it stays with the publisher, for the original) and dropped first. `control` is on
 * another database.
 */
export async function dropCopyDatabase(
  control: Query,
  parameters: ConnectionParameters,
  database: string,
): Promise<void> {
  const subscriptions = await control<{ name: string }>(
    `SELECT subname::text AS name FROM pg_catalog.pg_subscription
     WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = $1)`,
    [database],
  )
  if (subscriptions.length > 0) {
    const session = await openSession(withDatabase(parameters, database), { application: 'restore clean-up' })
    try {
      for (const { name } of subscriptions) for (const sql of subscriptionDrops(name)) await session.query(sql)
    } finally {
      await session.close()
    }
  }
  await control(`DROP DATABASE IF EXISTS ${quoteIdentifier(database)} WITH (FORCE)`)
}

/** The statements that take a subscription away and leave its slot with the publisher. */
export function subscriptionDrops(name: string): string[] {
  const subscription = quoteIdentifier(name)
  return [
    `ALTER SUBSCRIPTION ${subscription} DISABLE`,
    `ALTER SUBSCRIPTION ${subscription} SET (slot_name = NONE)`,
    `DROP SUBSCRIPTION ${subscription}`,
  ]
}
