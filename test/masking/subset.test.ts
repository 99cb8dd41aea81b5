import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { maskingPolicySchema } from '../../packages/core/src/masking/policy.ts'
import { resolveConnection } from '../../packages/core/src/postgres/connection.ts'
import { restoreFixture } from '../../packages/core/src/restore/restore-fixture.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { fewer } from '../runner/counts.ts'
import { expectedRows, randomGraph } from './random-graph.ts'

let cluster: TemporaryCluster
const { contextOf, backup, restore } = restoreFixture(() => cluster)

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.sql('postgres', "CREATE ROLE plain LOGIN CREATEDB PASSWORD 'plain'")
})
afterAll(() => cluster?.stop())

const into = (targetDatabase: string) => ({ strategy: 'new-database', targetDatabase, masked: true }) as const
const policy = (tables: object, subset: object) =>
  maskingPolicySchema.parse({ key: 'a key of sixteen characters', tables, subset })

describe('random schemas, rows and subsets', () => {
  const rounds = fewer(8, 150)
  test.each(Array.from({ length: rounds }, (_, round) => round))('round %i is what SQL says', async (round) => {
    const { sql, tables, keys, subset, masks } = randomGraph(round + 1)
    const [source, copy] = [`graph_${round}`, `subset_${round}`]
    // Every other one as a role that is no superuser.
    const isPlain = round % 2 === 1
    await cluster.createDatabase(source)
    if (isPlain) await cluster.sql(source, `ALTER DATABASE ${source} OWNER TO plain`)
    await cluster.sql(source, isPlain ? `SET SESSION AUTHORIZATION plain; ${sql}` : sql)
    const masking = policy(masks, subset)
    const wanted = await expectedRows((text) => cluster.sql(source, text), { tables, keys, subset })
    const ready = await contextOf(source, { masking })
    const context = {
      ...ready,
      database: resolveConnection(cluster.url(source, isPlain ? { name: 'plain', password: 'plain' } : undefined)),
    }
    const id = await backup(context)
    const { masking: report } = await restore(context, id, into(copy))
    for (const { name } of tables) {
      const found = await cluster.sql<{ rid: number }>(copy, `SELECT rid FROM ${name} ORDER BY rid`)
      expect([name, found.map(({ rid }) => rid)]).toEqual([name, wanted.get(name)])
    }
    const [state] = await cluster.sql(
      copy,
      `SELECT count(*)::int AS keys, bool_and(convalidated) AS valid,
         (SELECT count(*)::int FROM pg_namespace WHERE nspname ~ 'lifeboat') AS scratch
       FROM pg_constraint WHERE contype = 'f' AND conparentid = 0`,
    )
    expect(state).toEqual({ keys: keys.length, valid: true, scratch: 0 })
    const told = (report?.tables ?? []).reduce((sum, { rows }) => sum + rows, 0)
    expect(told).toBe([...wanted.values()].reduce((sum, { length }) => sum + length, 0))
    await cluster.sql('postgres', `DROP DATABASE ${copy}`)
  })
})
