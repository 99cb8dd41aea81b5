/**
 * How a catalog that lies in the database it describes goes along when a restore or an undo puts another database in
 * that one's place: no write is lost, none is done twice, whichever process dies at whichever moment. Three things serve this:
 *
 * - WRITERS, an advisory lock of the catalog's database. Every transaction that changes the catalog shares it from its
 *   first statement to its end; the carrier takes it alone, once, to let those that are under way end.
 * - CARRY, an advisory lock named by that database's oid and held, from another database, by the very session that
 *   renames: from before the rows are copied until its transaction is over. `pg_locks` shows it to everybody.
 * - A mark, a row in the catalog's table {@link markTable}: look whether CARRY is held. By itself it means nothing; it
 *   spares writers that look while no process carries.
 *
 * The carrier takes CARRY; takes WRITERS alone and sets the mark under it; copies the rows; renames. A writer shares
 * WRITERS and then looks: where it finds the mark and CARRY held, it changes nothing and tries again later.
 *
 * A writer that did not see CARRY had its share of WRITERS before the carrier had it alone, so it has ended before the
 * copy began, and is in it. Every later one sees CARRY for as long as the rename may still happen, because the server
 * ends the transaction of a session before it lets go of its locks, on whatever path. Where CARRY is gone without a
 * rename (an error, a kill, a crash of the server), this database is still the live one and its catalog lacks nothing.
 * Where it is gone after the rename, no session is connected to this database any more, and by its name writers reach the
 * other one, whose oid is not locked. So there is nothing that anybody would have to clean up.
 */

/** First half of each key; another use of advisory locks would have to hit it by chance. */
const lockSpace = 0x1f_b0a7

/** Beside the catalog's tables, in their schema. */
export const markTable = 'catalog_carry'

/** A writer waits no longer than this, as a setting of PostgreSQL; then SQLSTATE 55P03. */
const shareTimeout = '5s'

const patience = `WITH patience AS (SELECT pg_catalog.set_config('lock_timeout', '${shareTimeout}', true))`

/** First statement of a transaction that changes a catalog. It has to be READ COMMITTED: what follows must look again. */
export const shareWriters = `${patience}
  SELECT pg_catalog.pg_advisory_xact_lock_shared(${lockSpace}, 0) FROM patience`

/** The same of a transaction that makes or migrates the tables: one at a time. Before {@link shareWriters}. */
export const oneOpener = `${patience}
  SELECT pg_catalog.pg_advisory_xact_lock(${lockSpace}, 1) FROM patience`

/** Whether CARRY is held on the database of this session: `carried`. */
export const isCarried = `SELECT EXISTS (
    SELECT FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d ON d.oid = l.objid
    WHERE d.datname = pg_catalog.current_database()
      AND l.locktype = 'advisory' AND l.classid = ${lockSpace} AND l.objsubid = 1 AND l.granted) AS carried`

/** Waits for all writers of this database to end, and keeps new ones waiting until the transaction ends. */
export const aloneWithWriters = `SELECT pg_catalog.pg_advisory_xact_lock(${lockSpace}, 0)`

/** Backends that have a share of WRITERS in the database with oid $1. */
export const writersOf = `SELECT pid FROM pg_catalog.pg_locks
  WHERE locktype = 'advisory' AND database = $1::pg_catalog.oid
    AND classid = ${lockSpace} AND objid = 0 AND objsubid = 2 AND granted`

const carryKey = `(${lockSpace}::pg_catalog.int8 << 32) | $1::pg_catalog.oid::pg_catalog.int8`

/** Takes CARRY for the database with oid $1, for as long as this session lasts or until {@link unlockCarry}. */
export const lockCarry = `SELECT pg_catalog.pg_advisory_lock(${carryKey})`
export const unlockCarry = `SELECT pg_catalog.pg_advisory_unlock(${carryKey})`
