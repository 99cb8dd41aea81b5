import type { ReadableArchive, TocEntry } from './archive.ts'
import { archiveText } from './archive-text.ts'
import { withoutServerOptions } from './server-options.ts'

/** What a table of contents says of one object, its texts decoded. */
export interface DecodedEntry {
  kind: string
  schema: string | null
  tag: string | null
  definition: string | null
  owner: string | null
  tablespace: string | null
  accessMethod: string | null
}

/** The entries of an archive with their texts in the archive's own encoding, without what differs from copy to copy. */
export function* schemaEntries(archive: ReadableArchive): Generator<DecodedEntry> {
  const text = archiveText(archive)
  const decoded = (value: TocEntry['tag']) => (value === null ? null : text(value))
  for (const { kind, schema, tag, definition, owner, tablespace, accessMethod } of archive.entries) {
    const sql = decoded(definition)
    yield {
      kind,
      schema: decoded(schema),
      tag: decoded(tag),
      definition: sql === null ? null : withoutServerOptions(sql),
      owner: decoded(owner),
      tablespace,
      accessMethod,
    }
  }
}
