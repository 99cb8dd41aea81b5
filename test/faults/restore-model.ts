import type { BackupEngine } from '@lifeboat/core'
import type { TemporaryCluster } from '@lifeboat/core/testing'
import type { Client } from 'pg'
import { expect } from 'vitest'

/** A database that is kept, as the server itself has it: read without any code of the engine. */
export interface KeptOnServer {
  name: string
  restore: string
  until: string | null
  undone: boolean
}

/** What a restore did, as the test itself saw it. */
interface Expected {
  /** Status without regard to undos. */
  base: string
  swapped: boolean
  /** Whether the number of undos that succeeded is odd. */
  undone: boolean
}

type RestoreRows = Awaited<ReturnType<BackupEngine['restores']['list']>>['rows']

/** What must be true of the history of restores: kept by the test, and compared with server and records. */
export interface RestoreModel {
  expected: Map<string, Expected>
  kept(): Promise<KeptOnServer[]>
  /** The row by which a database is known. */
  markerOf(name: string): Promise<number>
  live(): Promise<number>
  /** Gives the live database a row of its own, so that databases can be told apart; gives that number. */
  mark(): Promise<number>
  /** Swaps the restored data in: `base` is how the restore ended. */
  restored(id: string, base?: string): Promise<void>
  undone(id: string): Promise<void>
  /**
   * Compares the records of an engine, and the server, with what is expected; gives the records. In turn, what is kept is
   * asked for, or one record alone: each question is a connection.
   */
  check(engine: BackupEngine, knows: ReadonlySet<string>, step: string): Promise<RestoreRows>
}

/**
 * `server` is a connection to the database `postgres` that stays: a connection for each question is half of what a history
 * costs. Databases that are swapped are asked over connections of their own.
 */
export function createRestoreModel(cluster: TemporaryCluster, server: Client, database: string): RestoreModel {
  const expected = new Map<string, Expected>()
  let markers = 100
  let checks = 0
  const markerOf = async (name: string) => (await cluster.sql<{ v: number }>(name, 'SELECT v FROM t'))[0]?.v as number

  const model: RestoreModel = {
    expected,
    async kept() {
      const { rows } = await server.query<{ name: string; comment: string }>(
        `SELECT datname::text AS name, shobj_description(oid, 'pg_database') AS comment FROM pg_database
         WHERE datname ~ $1 ORDER BY datname`,
        [`^${database}_before_[0-9]+$`],
      )
      return rows.map(({ name, comment }) => {
        const facts = JSON.parse(comment)
        return { name, restore: facts.restore, until: facts.keep_until, undone: facts.undone === true }
      })
    },
    markerOf,
    live: () => markerOf(database),
    async mark() {
      await cluster.sql(database, `UPDATE t SET v = ${++markers}`)
      return markers
    },
    async restored(id, base = 'succeeded') {
      expected.set(id, { base, swapped: true, undone: false })
      expect(await model.live(), 'the row of the backup is live').toBe(1)
      await model.mark()
    },
    async undone(id) {
      const one = expected.get(id) as Expected
      one.undone = !one.undone
    },
    async check(engine, knows, step) {
      const kept = await model.kept()
      for (const { restore, undone } of kept)
        expect(undone, `${step}: comment of ${restore}`).toBe(expected.get(restore)?.undone)
      const turn = checks++
      const asksKept = turn % 4 === 0 || turn % 4 === 3
      if (asksKept) {
        const offered = await engine.restores.kept()
        const names = offered.map((one) => one.kept_database).sort()
        expect(names, `${step}: kept databases`).toEqual(kept.map(({ name }) => name))
      }
      const { rows } = await engine.restores.list()
      expect(rows.map(({ id }) => id).sort(), `${step}: restores`).toEqual([...knows].sort())
      for (const row of rows) {
        const here = kept.find(({ restore }) => restore === row.id)
        const { base, swapped, undone } = expected.get(row.id) as Expected
        const wanted = {
          ...{ id: row.id, status: undone ? 'undone' : base, swapped, checked: true },
          ...{ kept_database: here?.name ?? null, undo_until: here?.until ?? null },
        }
        expect(row, `${step}: ${row.id}`).toMatchObject(wanted)
        if (here) expect(row.message).toContain(here.name)
        else expect(row.message).not.toContain('_before_')
      }
      const one = rows[turn % rows.length]
      if (one && !asksKept) expect(await engine.restores.get(one.id), `${step}: ${one.id}`).toEqual(one)
      return rows
    },
  }
  return model
}
