import type { ReadableArchive, TocEntry } from '../../../postgres/archive/archive.ts'
import { invalid } from '../../../postgres/archive/byte-reader.ts'
import { quoteIdentifier } from '../../../postgres/identifiers.ts'
import type { DefinitionOptions } from './definition-steps.ts'
import { targetRole } from './entry-sql.ts'
import { mapRoles } from './map-roles.ts'

/** From 1.16 on, one entry describes up to a thousand large objects, and its grants name only the first of them. */
export function isLargeObjectGroup(entry: TocEntry): boolean {
  return entry.kind === 'BLOB METADATA' || (entry.kind === 'ACL' && /^LARGE OBJECTS /.test(entry.tag ?? ''))
}

/** The statements of such an entry, written out for each large object. */
export function groupedLargeObjectSql(entry: TocEntry, archive: ReadableArchive, options: DefinitionOptions): string {
  if (entry.kind === 'BLOB METADATA') {
    const owner = options.noOwner || !entry.owner ? undefined : quoteIdentifier(targetRole(entry.owner, options))
    return oidsOf(entry)
      .flatMap((oid) => [
        `SELECT pg_catalog.lo_create('${oid}');`,
        ...(owner === undefined ? [] : [`ALTER LARGE OBJECT ${oid} OWNER TO ${owner};`]),
      ])
      .join('\n')
  }
  const group = Iterator.from(archive.entries).find((other) => other.dumpId === entry.dependencies[0])
  if (group?.kind !== 'BLOB METADATA') throw invalid('grants on large objects belong to no group of them')
  const [first, ...others] = oidsOf(group)
  const sql = mapRoles(entry.definition ?? '', 'ACL', options.roleMap)
  const place = ` ON LARGE OBJECT ${first} `
  return [sql, ...others.map((oid) => sql.replaceAll(place, ` ON LARGE OBJECT ${oid} `))].join('\n')
}

function oidsOf(entry: TocEntry): string[] {
  const oids = (entry.definition ?? '').split('\n').filter((line) => line !== '')
  if (oids.length === 0 || !oids.every((oid) => /^\d{1,10}$/.test(oid)))
    throw invalid('a group of large objects does not list their oids')
  return oids
}
