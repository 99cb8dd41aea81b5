import { openArchive } from '../postgres/archive/parse-archive.ts'
import { type ChunkReader, createChunkReader } from '../repository/chunk-reader.ts'
import {
  type Manifest,
  type SequenceRecord,
  sequenceSchema,
  type TableRecord,
  tableSchema,
} from '../repository/documents.ts'
import { loadChunkIndex } from '../repository/load-index.ts'
import { type DefinitionStep, definitionSettings, definitionSteps } from './definitions/definition-steps.ts'
import type { RestoreContext, RestoreOptions, Running } from './options.ts'
import { createProgress, type RestoreProgress } from './restore-progress.ts'

/** What every stage of one restore works with. */
export interface RestoreRun extends Running {
  id: string
  context: RestoreContext
  options: RestoreOptions
  manifest: Manifest
  reader: ChunkReader
  progress: RestoreProgress
  /** Roles of the server once the missing ones were made. */
  roles: ReadonlySet<string>
  exists(role: string): boolean
}

/** What the backup says has to be built, small enough to be held in memory whatever the size of the rows. */
export interface RestoreContent {
  steps: DefinitionStep[]
  settings: string[]
  tables: TableRecord[]
  sequences: SequenceRecord[]
}

export async function openRestoreRun(
  given: Pick<RestoreRun, 'id' | 'context' | 'options' | 'manifest' | 'signal' | 'report'> & { roles: string[] },
): Promise<RestoreRun> {
  const { context, signal, report } = given
  const index = await loadChunkIndex(context.repository, { signal, readAround: true })
  const roles = new Set(given.roles)
  return {
    ...given,
    roles,
    exists: (role) => roles.has(role),
    reader: createChunkReader(context.repository, index, { signal, report, useCopies: true }),
    progress: createProgress(report),
  }
}

export async function readRestoreContent({ reader, manifest, options }: RestoreRun): Promise<RestoreContent> {
  const [definitions, tables, sequences] = await Promise.all([
    reader.readBytes(manifest.streams.schema),
    Array.fromAsync(reader.readJsonLines(manifest.streams.tables, tableSchema)),
    Array.fromAsync(reader.readJsonLines(manifest.streams.sequences, sequenceSchema)),
  ])
  const archive = openArchive(definitions)
  const { noOwner, noPrivileges, noTablespaces, roleMap } = options
  return {
    steps: definitionSteps(archive, { noOwner, noPrivileges, noTablespaces, roleMap }),
    settings: definitionSettings(archive),
    tables,
    sequences,
  }
}
