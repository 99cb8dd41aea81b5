import { expect, test } from 'vitest'
import type { EngineEvent } from '../events.ts'
import { resolveConnection } from '../postgres/connection.ts'
import { openSession } from '../postgres/session.ts'
import { startTemporaryCluster } from '../testing/temporary-cluster.ts'
import { mentionOldTransaction } from './old-transactions.ts'

test('a transaction that has been open for long is named, a young one is not', async () => {
  const cluster = await startTemporaryCluster()
  try {
    await cluster.sql(
      'postgres',
      `CREATE TABLE t (a int); BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'it''s old'`,
    )
    const session = await openSession(resolveConnection(cluster.url()), { application: 'test' })
    const events: EngineEvent[] = []
    const report = (event: EngineEvent) => events.push(event)
    await mentionOldTransaction(session.query, report)
    expect(events).toEqual([])
    // For the session that asks, an hour has passed.
    const later: typeof session.query = (text) =>
      session.query(text.replace('pg_catalog.now()', "(now() + interval '1 hour')"))
    await mentionOldTransaction(later, report)
    expect(events).toMatchObject([{ level: 'warning', detail: { code: 'OLD_TRANSACTION' } }])
    expect(events[0]).toMatchObject({
      message: expect.stringContaining(`prepared transaction 'it''s old' is open since`),
    })
    await session.close()
  } finally {
    await cluster.stop()
  }
})
