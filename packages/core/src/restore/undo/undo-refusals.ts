import { EngineError } from '../../errors.ts'
import { quoteLiteral } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'

/**
 * Throws where putting `kept` back in the place of `database` would break or harm something.
 *
 * What binds a database is refused as before a restore: prepared transactions, and what would silently stay with the
 * database that goes: logical slots and subscriptions. A kept database that belongs to a stranger is no kept one:
 * any role that can create databases can give one such a name and such a comment.
 */
export async function refuseUndo(
  query: Query,
  { kept, database, connected }: { kept: string; database: string; connected: string },
): Promise<void> {
  if (kept === connected) throw inUse(kept)
  const both = [database, kept]
  const names = async (sql: string, values: unknown[]) =>
    (await query<{ name: string }>(sql, values)).map(({ name }) => name)
  const prepared = await names(
    'SELECT gid AS name FROM pg_catalog.pg_prepared_xacts WHERE database = ANY ($1::name[])',
    [both],
  )
  if (prepared.length > 0)
    throw new EngineError('DATABASE_BUSY', `Prepared transactions hold the database: ${prepared.join(', ')}.`, {
      advice: 'COMMIT PREPARED or ROLLBACK PREPARED them and try again.',
    })
  const replication = await names(
    `SELECT slot_name::text AS name FROM pg_catalog.pg_replication_slots WHERE database = ANY ($1::name[])
     UNION ALL SELECT s.subname::text FROM pg_catalog.pg_subscription s
       JOIN pg_catalog.pg_database d ON d.oid = s.subdbid WHERE d.datname = ANY ($1::name[])`,
    [both],
  )
  if (replication.length > 0)
    throw new EngineError(
      'DATABASE_BUSY',
      `Replication slots or subscriptions are bound to the database: ${replication.join(', ')}.`,
      { advice: 'Drop them, undo, and set up replication again afterwards.' },
    )
  const strangers = await names(
    `SELECT pg_catalog.pg_get_userbyid(kept.datdba)::text AS name
     FROM pg_catalog.pg_database kept JOIN pg_catalog.pg_database live ON live.datname = $2
     JOIN pg_catalog.pg_roles owner ON owner.oid = kept.datdba
     WHERE kept.datname = $1 AND NOT owner.rolsuper AND owner.rolname <> current_user
       AND NOT pg_catalog.pg_has_role(kept.datdba, live.datdba, 'MEMBER')`,
    [kept, database],
  )
  if (strangers.length > 0)
    throw new EngineError(
      'DATABASE_RIGHTS',
      `"${kept}" belongs to ${strangers[0]}, who has no rights to "${database}": no restore has left it.`,
      {
        advice: `If it is the right one all the same: ALTER DATABASE ... OWNER TO the owner of ${quoteLiteral(database)}.`,
      },
    )
}

/** Of a database that the application itself works with, whatever it is called. */
export function inUse(database: string): EngineError {
  return new EngineError('DATABASE_BUSY', `"${database}" is the database that the application is connected to.`, {
    advice: 'Point the application at its own database again, then repeat.',
  })
}
