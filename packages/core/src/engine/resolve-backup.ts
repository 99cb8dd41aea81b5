import { EngineError } from '../errors.ts'
import { newestOf } from '../policy/backup-order.ts'

/** What a reference to a backup is resolved against. */
export interface Resolvable {
  id: string
  number: number
  database: string
  /** Of the server it was made on; null where that is not known. */
  system_identifier: string | null
  include_media: boolean
  /** It holds media folders and no database. */
  media_only?: boolean
  /** Why it was made; null where that is not known. */
  trigger: string | null
  /** Imported, and in quarantine. */
  untrusted: boolean
}

/** Whose backups are meant, as far as it is known. */
export interface MeantDatabase {
  database?: string
  /** The server's identifier; null or absent where it cannot be asked. */
  system_identifier?: string | null
  /** What `latest` must hold. Default: the database. */
  holding?: 'database' | 'media'
}

/**
 * Finds the one backup a reference means, the same way for library, HTTP and CLI: digits only are a number, else a
 * whole id, else a unique prefix of at least 4 characters, else `latest`: of the database that is `meant`, the completed one
 * with the highest number, passing over those of media alone. Safety backups hold what a restore replaced, and imported ones what a file has: `latest` is one
 * only where there is no other, and never one that is in quarantine.
 *
 * Throws `BACKUP_NOT_FOUND` or `BACKUP_AMBIGUOUS`.
 */
export function resolveBackup<B extends Resolvable>(
  backups: readonly B[],
  reference: string,
  meant: MeantDatabase = {},
): B {
  if (reference === 'latest') return latest(backups, meant)
  if (/^\d+$/.test(reference)) {
    return onlyOne(
      backups.filter(({ number }) => number === Number(reference)),
      `number ${reference}`,
    )
  }
  const exact = backups.find(({ id }) => id === reference)
  if (exact) return exact
  if (reference.length < 4) {
    throw new EngineError('BACKUP_NOT_FOUND', `There is no backup "${reference}".`, {
      advice: 'Give a number, at least 4 characters of an id, or "latest".',
    })
  }
  return onlyOne(
    backups.filter(({ id }) => id.startsWith(reference)),
    `id ${JSON.stringify(reference)}`,
  )
}

/**
 * The backups of one database: those of its name, and where several servers have one of that name, those of its own server.
 * Where its server has none, or is not known, all of the name: a lost server's backups are restored to a new one. Pure.
 */
export function backupsOf<B extends Pick<Resolvable, 'database' | 'system_identifier'>>(
  backups: readonly B[],
  { database, system_identifier: server }: MeantDatabase,
): { own: B[]; servers: (string | null)[] } {
  const named = database === undefined ? [...backups] : backups.filter((backup) => backup.database === database)
  const exact = server ? named.filter((backup) => backup.system_identifier === server) : []
  const own = database !== undefined && exact.length > 0 ? exact : named
  return { own, servers: [...new Set(own.map((backup) => backup.system_identifier))] }
}

function latest<B extends Resolvable>(backups: readonly B[], meant: MeantDatabase): B {
  const holds = (one: Resolvable) => (meant.holding === 'media' ? one.include_media : !one.media_only)
  const trusted = backups.filter((one) => !one.untrusted && holds(one))
  const ordinary = trusted.filter(({ trigger }) => trigger !== 'pre_restore' && trigger !== 'import')
  const found = backupsOf(ordinary, meant)
  const { own, servers } = found.own.length > 0 ? found : backupsOf(trusted, meant)
  const { database } = meant
  if (database !== undefined && servers.length > 1) {
    const ids = servers.flatMap((server) => newestOf(own.filter((one) => one.system_identifier === server))?.id ?? [])
    throw new EngineError('BACKUP_AMBIGUOUS', `${servers.length} servers have backups of a database "${database}".`, {
      detail: { ids },
      advice: `Say which one by its number or id. The newest of each server: ${ids.join(', ')}.`,
    })
  }
  const newest = newestOf(own)
  if (newest) return newest
  const of = database === undefined ? '' : ` of database "${database}"`
  const what = meant.holding === 'media' ? ' with media' : ''
  throw new EngineError('BACKUP_NOT_FOUND', `There is no completed backup${what}${of} yet.`, {
    advice: 'Make one with {backups.create}.',
  })
}

function onlyOne<B extends Resolvable>(matches: readonly B[], what: string): B {
  const [first, second] = matches
  if (!first) throw new EngineError('BACKUP_NOT_FOUND', `There is no backup with ${what}.`)
  if (second) {
    const ids = matches.map(({ id }) => id).slice(0, 5)
    throw new EngineError('BACKUP_AMBIGUOUS', `${matches.length} backups have ${what}: ${ids.join(', ')}.`, {
      detail: { ids },
    })
  }
  return first
}
