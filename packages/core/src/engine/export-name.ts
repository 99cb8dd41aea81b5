import { type ExportKind, exportFileName } from '../export/export-file-name.ts'
import type { EngineParts } from './parts.ts'

/** The name of an exported file; it says the database where the engine has several. */
export function exportName(
  parts: Pick<EngineParts, 'labels'>,
  backup: { app_name: string; created_at: string; database: string },
  kind: ExportKind,
): string {
  const database = parts.labels().length > 1 ? backup.database : undefined
  return exportFileName(backup.app_name, kind, new Date(backup.created_at), database)
}
