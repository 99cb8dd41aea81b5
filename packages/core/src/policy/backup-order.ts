/** What tells a backup's place among others. */
export interface Numbered {
  id: string
  /** Counted up by the repository, one for each backup. */
  number: number
}

/**
 * Newest first. The number decides, never a time: the clock of the host that made a backup may have been wrong. Ids break
 * ties, so that the outcome does not depend on the order in which backups were listed.
 */
export function newestFirst(a: Numbered, b: Numbered): number {
  return b.number - a.number || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0)
}

/** The newest one, by number. */
export function newestOf<B extends Numbered>(backups: Iterable<B>): B | undefined {
  let newest: B | undefined
  for (const backup of backups) if (newest === undefined || newestFirst(backup, newest) < 0) newest = backup
  return newest
}

/** Which database a backup is of. */
export interface SourceDatabase {
  /** The identifier that initdb gave the server; its standbys have the same one. */
  system_identifier: string
  /** The database's name. A restore replaces the database and so its oid, but not its name. */
  database: string
  /** Media folders alone: what is good of them says nothing of the database, and the other way round. */
  media_only?: boolean
}

/**
 * One key per database, and one for its media alone: two servers may each have a database of the same name. All that counts backups (retention, the last
 * good one, status, `latest`) counts them per source.
 */
export function sourceKey({ system_identifier, database, media_only }: SourceDatabase): string {
  return `${system_identifier} ${media_only ? 'media' : 'database'} ${database}`
}
