import { EngineError } from '../errors.ts'

/** What may hold a backslash in SQL: strings, quoted names, dollar quotes, comments. */
const quoted =
  /(?<![\p{L}\p{N}_$])E'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(?<![\p{L}\p{N}_$])\$((?:[\p{L}_][\p{L}\p{N}_]*)?)\$[\s\S]*?\$\1\$/giu

/**
 * Refuses SQL with a backslash outside quotes: SQL itself has none there, and psql would take it for a command of its
 * own (CVE-2025-8714). Comments count as outside: psql reads no command in them, but none of ours needs a backslash.
 * @throws EngineError `ARCHIVE_INVALID`
 */
export function refuseBareBackslash(sql: string): void {
  if (!sql.includes('\\')) return
  const bare = sql.replace(quoted, '')
  if (!bare.includes('\\')) return
  const near = bare.slice(Math.max(0, bare.indexOf('\\') - 30), bare.indexOf('\\') + 30)
  throw new EngineError(
    'ARCHIVE_INVALID',
    'A definition holds a backslash outside quotes, which no script may carry.',
    {
      detail: { near },
    },
  )
}
