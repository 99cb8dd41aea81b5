/** Kinds of exported files, and how their names end. */
const endings = { backup: 'dump', sql: 'sql', media: 'tar.gz' } as const

export type ExportKind = keyof typeof endings

/** The kind of file that holds a part of a backup. */
export function exportKind(part: 'database' | 'media', format: 'dump' | 'sql'): ExportKind {
  return part === 'media' ? 'media' : format === 'sql' ? 'sql' : 'backup'
}

/**
 * `<app>_backup_YYYYMMDD_HHMMSS.dump`, `<app>_media_YYYYMMDD_HHMMSS.tar.gz` (`.sql` for plain text). The time is UTC.
 *
 * `app` may be any text, such as a package's name with its scope; what does not belong into a file name becomes `-`. With
 * `database` its name follows: where an application has several.
 */
export function exportFileName(app: string, kind: ExportKind, date: Date, database?: string): string {
  const name = database === undefined ? fileNamePart(app) : `${fileNamePart(app) || 'app'}_${fileNamePart(database)}`
  const [day, time] = date.toISOString().slice(0, 19).split('T') as [string, string]
  const stamp = `${day.replaceAll('-', '')}_${time.replaceAll(':', '')}`
  return `${name || 'app'}_${kind === 'media' ? 'media' : 'backup'}_${stamp}.${endings[kind]}`
}

function fileNamePart(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[-._]+|[-._]+$/g, '')
    .slice(0, 100)
}
