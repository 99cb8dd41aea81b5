import { copyIn } from '../../postgres/copy-in.ts'
import { qualifiedName, quoteIdentifier } from '../../postgres/identifiers.ts'
import { copyIntoSql } from '../../postgres/segments.ts'
import type { Session } from '../../postgres/session.ts'
import type { PartSink } from '../compare-rows.ts'

/** A table that a patch changes, by its live name; columns are those that COPY lists. */
export interface PatchedTable {
  oid: number
  schema: string
  name: string
  columns: readonly string[]
}

/**
 * A patch of some tables, held in temporary tables of one session: the rows to put back and the places of the rows to take
 * out. So memory does not grow with the patch, and it is loaded before anything is locked.
 */
export interface PatchTables {
  /** Makes the tables of a table, unless they are there; gives its number. */
  prepare(table: PatchedTable): number
  /** Takes the difference of a part of a table; several at a time. */
  sink(table: PatchedTable): PartSink
  /** Sends what is buffered, and makes the patch ready to be applied. Gives the number of each table, by its oid. */
  finish(): Promise<Map<number, number>>
}

export const goneTable = (number: number, schema = 'pg_temp') => `${quoteIdentifier(schema)}.lifeboat_gone_${number}`
export const freshTable = (number: number, schema = 'pg_temp') => `${quoteIdentifier(schema)}.lifeboat_fresh_${number}`

/** Bytes held back before they are sent. */
const bufferBytes = 1 << 20

/** In `session`, which no other caller may use until {@link PatchTables.finish} has ended. */
export function createPatchTables(session: Session, { schema = 'pg_temp' }: { schema?: string } = {}): PatchTables {
  let turn: Promise<unknown> = session.query("SET client_min_messages = 'error'")
  turn.catch(() => {})
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work)
    turn = done.catch(() => {})
    return done
  }
  const tables = new Map<number, OpenPatch>()

  function open(table: PatchedTable): OpenPatch {
    const number = tables.size
    const columns = table.columns.map(quoteIdentifier).join(', ')
    // Not LIKE: its NOT NULL constraints would be in the way of generated columns, which no line has.
    const made = inTurn(() =>
      session.query(
        `CREATE TABLE ${goneTable(number, schema)} AS SELECT ${columns} FROM ONLY ${qualifiedName(table)} WITH NO DATA;
         CREATE TABLE ${freshTable(number, schema)} (place pg_catalog.tid NOT NULL)`,
      ),
    )
    made.catch(() => {})
    const { encoding } = session
    const gone = { schema, name: `lifeboat_gone_${number}`, columns: table.columns }
    const fresh = { schema, name: `lifeboat_fresh_${number}`, columns: ['place'] }
    return {
      number,
      made,
      gone: createBuffer(copyIntoSql(gone, { encoding }), made),
      fresh: createBuffer(copyIntoSql(fresh), made),
    }
  }

  function createBuffer(sql: string, made: Promise<unknown>): LineBuffer {
    let pieces: Buffer[] = []
    let bytes = 0
    const flush = async () => {
      if (bytes === 0) return
      const all = Buffer.concat(pieces)
      pieces = []
      bytes = 0
      await made
      await inTurn(async () => {
        const copy = copyIn(session, sql)
        await copy.write(all)
        await copy.end()
      })
    }
    return {
      flush,
      add(piece) {
        pieces.push(Buffer.from(piece))
        bytes += piece.length
        return bytes >= bufferBytes ? flush() : undefined
      },
    }
  }

  const opened = (table: PatchedTable) => tables.get(table.oid) ?? tables.set(table.oid, open(table)).get(table.oid)!

  return {
    prepare: (table) => opened(table).number,
    sink(table) {
      const { gone, fresh } = opened(table)
      return {
        gone: (lines) => gone.add(lines),
        fresh: (place) => fresh.add(Buffer.from(`${place}\n`)),
        done() {},
      }
    },
    async finish() {
      await turn
      for (const { number, made, gone, fresh } of tables.values()) {
        await made
        await gone.flush()
        await fresh.flush()
        await session.query(`ANALYZE ${goneTable(number, schema)}, ${freshTable(number, schema)}`)
      }
      return new Map([...tables].map(([oid, { number }]) => [oid, number]))
    },
  }
}

interface LineBuffer {
  add(piece: Buffer): Promise<void> | undefined
  flush(): Promise<void>
}

interface OpenPatch {
  number: number
  made: Promise<unknown>
  gone: LineBuffer
  fresh: LineBuffer
}
