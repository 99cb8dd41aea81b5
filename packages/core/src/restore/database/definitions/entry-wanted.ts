import type { TocEntry } from '../../../postgres/archive/archive.ts'
import type { DefinitionOptions } from './definition-steps.ts'

/** Whether an entry is to be restored at all: the choices pg_restore makes for a whole archive without --create. */
export function isWanted(entry: TocEntry, options: DefinitionOptions): boolean {
  const { kind } = entry
  if (settingKinds.has(kind) || isOfDatabase(entry)) return false
  if (options.noPrivileges && (kind === 'ACL' || kind === 'DEFAULT ACL')) return false
  if (options.noReplication && isReplication(entry)) return false
  return entry.hasData || (entry.definition !== null && entry.definition !== '')
}

/** Entries that describe the archive itself; `definitionSettings` speaks for them. */
const settingKinds = new Set(['ENCODING', 'STDSTRINGS', 'SEARCHPATH'])

const annotationKinds = new Set(['ACL', 'COMMENT', 'SECURITY LABEL'])

function isOfDatabase(entry: TocEntry): boolean {
  if (entry.kind === 'DATABASE' || entry.kind === 'DATABASE PROPERTIES') return true
  return annotationKinds.has(entry.kind) && (entry.tag ?? '').startsWith('DATABASE ')
}

function isReplication(entry: TocEntry): boolean {
  if (/^(PUBLICATION|SUBSCRIPTION)( |$)/.test(entry.kind)) return true
  return annotationKinds.has(entry.kind) && /^(PUBLICATION|SUBSCRIPTION) /.test(entry.tag ?? '')
}
