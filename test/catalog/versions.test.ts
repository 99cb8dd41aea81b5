import { startTemporaryCluster } from '@lifeboat/core/testing'
import { expect, test, vi } from 'vitest'
import { postgresPrograms } from '../servers/postgres-versions.ts'
import { carryAndSwap } from './carrier.ts'
import { acknowledged, openCatalog, startWriter, written } from './writers.ts'

vi.setConfig({ testTimeout: 600_000 })

const servers = await Promise.all(
  ([16, 17, 18] as const).map(async (major) => ({ major, programs: await postgresPrograms(major) })),
)
const why = servers.flatMap(({ programs }) => ('unavailable' in programs ? [programs.unavailable] : [])).join(', ')

test.skipIf(why !== '').each(servers)(
  'a catalog goes along on PostgreSQL $major too, there and back',
  async ({ programs }) => {
    if ('unavailable' in programs) return
    const cluster = await startTemporaryCluster({ binDirectory: programs.server })
    try {
      const url = await cluster.createDatabase('live')
      await cluster.createDatabase('copy')
      const catalog = await openCatalog(url)
      const writer = startWriter(catalog)
      const definitions = () =>
        cluster.sql(
          'live',
          `SELECT conrelid::regclass::text AS of, conname AS name, pg_get_constraintdef(oid) AS text FROM pg_constraint
           WHERE connamespace = 'lifeboat'::regnamespace
         UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'lifeboat'
         UNION ALL SELECT attrelid::regclass::text, attname, concat(atttypid::regtype, attnotnull) FROM pg_attribute
           WHERE attnum > 0 AND attrelid IN
             (SELECT oid FROM pg_class WHERE relnamespace = 'lifeboat'::regnamespace AND relkind = 'r') ORDER BY 1, 2, 3`,
        )
      const before = await definitions()
      expect(before.length).toBeGreaterThan(60)
      await expect.poll(() => writer.events.length).toBeGreaterThan(3)
      const run = { url: cluster.url('postgres'), live: 'live' }
      await carryAndSwap({ ...run, incoming: 'copy', kept: 'kept' })
      expect(await definitions()).toEqual(before)
      await carryAndSwap({ ...run, incoming: 'kept', kept: 'copy' })
      expect(await definitions()).toEqual(before)
      await writer.stop()
      expect(writer.failed).toEqual([])
      expect(await written(catalog)).toEqual(acknowledged([writer]))
      await catalog.close()
    } finally {
      await cluster.stop()
    }
  },
)
