import { EngineError } from '../errors.ts'

/** What a reference to a backup is resolved against. */
export interface Resolvable {
  id: string
  number: number
  created_at: string
  database: string
}

/**
 * Finds the one backup a reference means, the same way for library, HTTP and CLI: digits only are a number, else a
 * whole id, else a unique prefix of at least 4 characters, else `latest`: the newest completed one of `database`.
 *
 * Throws `BACKUP_NOT_FOUND` or `BACKUP_AMBIGUOUS`.
 */
export function resolveBackup<B extends Resolvable>(
  backups: readonly B[],
  reference: string,
  database: string | undefined,
): B {
  if (reference === 'latest') return latest(backups, database)
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

function latest<B extends Resolvable>(backups: readonly B[], database: string | undefined): B {
  const own = database === undefined ? backups : backups.filter((backup) => backup.database === database)
  const newest = own.reduce<B | undefined>(
    (best, backup) => (best && best.created_at >= backup.created_at ? best : backup),
    undefined,
  )
  if (newest) return newest
  const of = database === undefined ? '' : ` of database "${database}"`
  throw new EngineError('BACKUP_NOT_FOUND', `There is no completed backup${of} yet.`, {
    advice: 'Make one with `lifeboat backup`.',
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
