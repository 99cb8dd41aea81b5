import type { EngineError, ErrorCode } from '../errors.ts'

/** Errors that speak of the backup. All others (no server, no rights, no tools, abort) say nothing about it. */
const verdicts: readonly ErrorCode[] = [
  'REPOSITORY_DAMAGED',
  'REPOSITORY_FORMAT_NEWER',
  'CHUNK_MISSING',
  'BACKUP_NOT_FOUND',
  'ARCHIVE_INVALID',
  'CLIENT_TOOL_FAILED',
  'ROW_COUNT_MISMATCH',
  'RESTORE_FAILED',
  'VALIDATION_FAILED',
]

/** Whether an error says that the backup is bad, and not only that this could not be found out. */
export function speaksOfTheBackup({ code, detail }: EngineError): boolean {
  if (code === 'RESTORE_REFUSED') {
    const refusals = Array.isArray(detail.refusals) ? (detail.refusals as { code?: unknown }[]) : []
    return refusals.some((refusal) => refusal.code === 'PACKS_DAMAGED')
  }
  // A tool that was killed has said nothing.
  if (code === 'CLIENT_TOOL_FAILED' && detail.exit_code === null) return false
  return verdicts.includes(code) && !isOfTheServer(detail.sqlstate)
}

/** Rights, resources, cancelled statements, locks, what a server cannot do, and its own defects. */
function isOfTheServer(sqlstate: unknown): boolean {
  return typeof sqlstate === 'string' && /^(08|0A|25|40|42501|53|55|57|58|XX)/.test(sqlstate)
}
