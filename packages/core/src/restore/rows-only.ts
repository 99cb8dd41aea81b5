import { EngineError } from '../errors.ts'
import { readMaskedSchema } from '../masking/masked-schema.ts'
import type { ReadableArchive } from '../postgres/archive/archive.ts'
import { archiveText } from '../postgres/archive/archive-text.ts'
import { openArchive } from '../postgres/archive/parse-archive.ts'
import type { ChunkReader } from '../repository/chunks/chunk-reader.ts'
import { type Manifest, sequenceSchema, tableSchema } from '../repository/documents/documents.ts'
import { readManifest } from '../repository/documents/manifests.ts'
import { requireDatabase } from '../repository/documents/media-only.ts'
import { requireTrusted } from '../repository/documents/trust.ts'
import type { Repository } from '../repository/repository.ts'
import { type MatchedRows, matchRows, type RowsAndSchema } from './match-rows.ts'
import type { RestoreOptions } from './options.ts'

/** What a restore is made of: the whole of one backup, or the rows of one and the definitions of another. */
export interface RestoredManifest {
  manifest: Manifest
  /** Of a restore of rows alone: both, as they are. */
  rowsOnly: { rows: Manifest; definitions: Manifest } | null
}

/**
 * Of a file that is trusted for its rows alone nothing else is read: definitions, roles, settings and the state of
 * migrations are those of the backup `schemaFrom`.
 *
 * @throws EngineError `BACKUP_NOT_TRUSTED`, `BACKUP_NOT_FOUND`, `BACKUP_MEDIA_ONLY`, `INVALID`.
 */
export async function restoredManifest(
  repository: Repository,
  whole: Manifest,
  { schemaFrom }: Pick<RestoreOptions, 'schemaFrom'>,
  signal: AbortSignal | undefined,
): Promise<RestoredManifest> {
  await requireTrusted(repository, whole, { signal, rowsOnly: schemaFrom !== undefined })
  if (schemaFrom === undefined) return { manifest: whole, rowsOnly: null }
  if (!whole.quarantine)
    throw new EngineError('INVALID', `Backup ${whole.number} was not imported from a file: it has its own definitions.`)
  const { manifest: definitions } = await readManifest(repository, schemaFrom, { signal })
  if (definitions.quarantine)
    throw new EngineError('INVALID', `Backup ${definitions.number} was imported from a file: give one of a database.`)
  requireDatabase(definitions)
  return { manifest: combine(whole, definitions), rowsOnly: { rows: whole, definitions } }
}

/** As a backup that has the rows of one and the definitions of the other. */
const combine = (rows: Manifest, definitions: Manifest): Manifest => ({
  ...rows,
  postgres_version: definitions.postgres_version,
  server_version_num: definitions.server_version_num,
  migration_state: definitions.migration_state,
  migrations: definitions.migrations,
  installed_packages: definitions.installed_packages,
  ...(definitions.down_steps ? { down_steps: definitions.down_steps } : {}),
  database_properties: definitions.database_properties,
  extensions: definitions.extensions,
  roles: definitions.roles,
  tablespaces: definitions.tablespaces,
  populated_views: definitions.populated_views,
  streams: { ...rows.streams, schema: definitions.streams.schema },
})

/** Tables and sequences as they are to be loaded, and what does not fit. */
export async function readMatchedRows(
  { rows, definitions }: NonNullable<RestoredManifest['rowsOnly']>,
  reader: ChunkReader,
): Promise<MatchedRows> {
  const [given, wanted] = await Promise.all([readSide(rows, reader), readSide(definitions, reader)])
  return matchRows(given.side, wanted.side, {
    ledgers: new Set(definitions.migrations.flatMap(({ ledger_tables }) => ledger_tables)),
    sequenceOwners: sequenceOwners(wanted.archive),
  })
}

/** The first of what does not fit and is not gone past. */
export function requireFitting({ problems }: MatchedRows, overrides: readonly string[]): void {
  const problem = problems.find(({ override }) => override === undefined || !overrides.includes(override))
  if (problem) throw new EngineError('RESTORE_REFUSED', problem.text, { detail: { refusals: [problem] } })
}

async function readSide(
  manifest: Manifest,
  reader: ChunkReader,
): Promise<{ side: RowsAndSchema; archive: ReadableArchive }> {
  const [bytes, tables, sequences] = await Promise.all([
    reader.readBytes(manifest.streams.schema),
    Array.fromAsync(reader.readJsonLines(manifest.streams.tables, tableSchema)),
    Array.fromAsync(reader.readJsonLines(manifest.streams.sequences, sequenceSchema)),
  ])
  const archive = openArchive(bytes)
  const { encoding } = manifest.database_properties
  return { archive, side: { tables, sequences, encoding, schema: readMaskedSchema(archive) } }
}

const identifier = String.raw`(?:"(?:[^"]|"")+"|[^\s."();,]+)`
const qualified = `(${identifier})\\.(${identifier})`
const ownedBy = new RegExp(`^ALTER SEQUENCE ${qualified} OWNED BY ${qualified}\\.`)
const identity = new RegExp(`^ALTER TABLE ${qualified} ALTER COLUMN `)
const plain = (quoted = '') => (quoted.startsWith('"') ? quoted.slice(1, -1).replaceAll('""', '"') : quoted)

/** The table that each sequence belongs to, both as `schema.name`. */
function sequenceOwners(archive: ReadableArchive): Map<string, string> {
  const text = archiveText(archive)
  const owners = new Map<string, string>()
  for (const { kind, schema, tag, definition } of archive.entries) {
    if (kind === 'SEQUENCE OWNED BY') {
      const [, ofSchema, sequence, ...table] = ownedBy.exec(text(definition ?? '')) ?? []
      if (sequence) owners.set(`${plain(ofSchema)}.${plain(sequence)}`, `${plain(table[0])}.${plain(table[1])}`)
    }
    if (kind === 'SEQUENCE') {
      const [, ofSchema, table] = identity.exec(text(definition ?? '')) ?? []
      if (table) owners.set(`${text(schema ?? '')}.${text(tag ?? '')}`, `${plain(ofSchema)}.${plain(table)}`)
    }
  }
  return owners
}
