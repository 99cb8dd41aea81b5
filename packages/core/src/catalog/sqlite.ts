import { chmodSync, existsSync, lchownSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { Kysely, SqliteDialect } from 'kysely'
import { EngineError } from '../errors.ts'
import { assembleCatalog } from './assemble.ts'
import type { Catalog } from './catalog.ts'
import { migrateCatalog } from './migrations.ts'
import { asKyselyDatabase } from './node-sqlite.ts'
import type { Tables } from './tables.ts'
import { type CatalogFault, catalogDamaged, catalogError } from './watched-session.ts'

export interface SqliteCatalogOptions {
  /** How long an operation is tried again while another process writes. Default 30 s. */
  patienceMs?: number
}

/**
 * Opens a catalog in a SQLite file, making it (0600) and its folder (0700) when they are not there; `:memory:` keeps
 * it in this process. Several processes of one host may open the same file.
 */
export async function openSqliteCatalog(path: string, options: SqliteCatalogOptions = {}): Promise<Catalog> {
  const { patienceMs = 30_000 } = options
  const watch = watchFile(path)
  const file = openFile(path)
  const database = new Kysely<Tables>({ dialect: new SqliteDialect({ database: asKyselyDatabase(file) }) })
  try {
    // In WAL mode NORMAL does not sync at every commit, which would hold up the host's event loop: what was written
    // survives the process dying, and a power failure may take its last moments, never its consistency.
    await retryTransient(patienceMs, async () => file.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL'))
    // SQLite's migrations run outside a transaction; held together, two processes cannot make the tables at once.
    await retryTransient(patienceMs, async () => file.exec('BEGIN IMMEDIATE'))
    await migrateCatalog(database, undefined)
    file.exec('COMMIT')
  } catch (error) {
    file.close()
    throw catalogError(error, { location: path, ...watch })
  }
  watch.begin()
  return assembleCatalog({
    location: path,
    watch,
    session: {
      read: (work) => retryTransient(patienceMs, () => work(database)),
      write: (work) => retryTransient(patienceMs, () => database.transaction().execute(work)),
      isDuplicate: (error) => codeOf(error) === 2067 || codeOf(error) === 1555,
    },
    close: () => database.destroy(),
  })
}

/** The file under the path, by its identity: writes to a deleted file succeed, and no other process can read them. */
function watchFile(path: string) {
  const identity = () => {
    const found = statSync(path, { throwIfNoEntry: false })
    return found && `${found.dev}:${found.ino}`
  }
  let opened: string | undefined
  return {
    begin() {
      if (path !== ':memory:') opened = identity()
    },
    faultOf,
    requirePresent() {
      if (opened === undefined) return
      const now = identity()
      if (now !== opened) throw catalogDamaged('gone', path, now ? 'another file is there.' : 'the file is missing.')
    },
  }
}

const faults: Record<number, CatalogFault> = {
  // SQLITE_ERROR: a table or a column is missing.
  1: 'damaged',
  // READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB
  ...{ 8: 'full', 10: 'damaged', 11: 'damaged', 13: 'full', 14: 'damaged', 26: 'damaged' },
}

/** SQLITE_IOERR_SHMSIZE: there is no room for the index of the write-ahead log. */
const noRoomForShm = 4874

function faultOf(error: unknown): CatalogFault | null {
  const code = codeOf(error)
  if (code === undefined) return null
  return code === noRoomForShm ? 'full' : (faults[code & 0xff] ?? null)
}

function openFile(path: string): DatabaseSync {
  try {
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    // No timeout: SQLite would wait inside the call, and the host's event loop with it.
    const isNew = path !== ':memory:' && !existsSync(path)
    const file = new DatabaseSync(path, { timeout: 0 })
    if (path !== ':memory:') chmodSync(path, 0o600)
    if (isNew) giveToFolderOwner(path)
    return file
  } catch (error) {
    throw new EngineError('CONFIG_INVALID', `The catalog ${path} cannot be opened: ${messageOf(error)}`, {
      cause: error,
      advice: 'Check that its folder can be written to, or choose another place for the catalog.',
    })
  }
}

/** Made by root (`sudo lifeboat status`), it must not be closed to the application that the folder belongs to. */
function giveToFolderOwner(path: string): void {
  const { uid, gid } = statSync(dirname(path))
  if (process.geteuid?.() === 0 && uid !== 0) lchownSync(path, uid, gid)
}

/** Repeats while the file is locked (SQLITE_BUSY and its extended codes); a refused transaction changed nothing. */
async function retryTransient<T>(patienceMs: number, work: () => Promise<T>): Promise<T> {
  const until = Date.now() + patienceMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const code = codeOf(error)
      if (code === undefined || (code & 0xff) !== 5 || Date.now() > until) throw error
      await delay(2 + Math.random() * 10)
    }
  }
}

function codeOf(error: unknown): number | undefined {
  const code = error instanceof Error ? Reflect.get(error, 'errcode') : undefined
  return typeof code === 'number' ? code : undefined
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
