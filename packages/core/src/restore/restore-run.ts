import type { PlannedStep } from '../migrations/down-steps/plan-carried.ts'
import { openArchive } from '../postgres/archive/parse-archive.ts'
import { type ChunkReader, createChunkReader } from '../repository/chunks/chunk-reader.ts'
import {
  type Manifest,
  type SequenceRecord,
  sequenceSchema,
  type TableRecord,
  tableSchema,
} from '../repository/documents/documents.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import { type DefinitionStep, definitionSettings, definitionSteps } from './database/definitions/definition-steps.ts'
import { leftOutSteps, relationsOf } from './database/definitions/leave-out.ts'
import { notValidSteps } from './database/definitions/not-valid.ts'
import { type ContentMasking, maskContent, maskManifest } from './mask-content.ts'
import type { RestoreContext, RestoreOptions, Running } from './options.ts'
import { createProgress, type RestoreProgress } from './restore-progress.ts'
import { type RestoredManifest, readMatchedRows, requireFitting } from './rows-only.ts'

/** What every stage of one restore works with. */
export interface RestoreRun extends Running {
  id: string
  context: RestoreContext
  options: RestoreOptions
  manifest: Manifest
  /** Of a restore of rows alone: whose they are, and whose the definitions. */
  rowsOnly: RestoredManifest['rowsOnly']
  reader: ChunkReader
  progress: RestoreProgress
  /** Down steps that the backup carries and that were asked for, in the order in which they run. */
  carried: readonly PlannedStep[]
  /** What functions that name things without a schema may need; see own-search-path.ts. */
  searchPaths: readonly string[]
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
  /** CHECK constraints inside of table definitions that are to be NOT VALID, as `schema.table.constraint`. */
  relaxedChecks: string[]
  /** Of a masked copy: what is done to rows. */
  masking?: ContentMasking
}

export async function openRestoreRun(
  given: Pick<
    RestoreRun,
    'id' | 'context' | 'options' | 'manifest' | 'rowsOnly' | 'signal' | 'report' | 'searchPaths' | 'carried'
  > & {
    roles: string[]
  },
): Promise<RestoreRun> {
  const { context, signal, report } = given
  const index = await loadChunkIndex(context.repository, { signal, readAround: true })
  const roles = new Set(given.roles)
  return {
    ...given,
    manifest: given.options.masked ? maskManifest(given.manifest, context.masking) : given.manifest,
    roles,
    exists: (role) => roles.has(role),
    reader: createChunkReader(context.repository, index, { signal, report, useCopies: true }),
    progress: createProgress(report),
  }
}

export async function readRestoreContent(run: RestoreRun): Promise<RestoreContent> {
  const { reader, manifest, options } = run
  const [definitions, { tables, sequences }] = await Promise.all([
    reader.readBytes(manifest.streams.schema),
    readRowRecords(run),
  ])
  const archive = openArchive(definitions)
  const { noOwner, noPrivileges, noTablespaces, roleMap, leaveOut = [], notValid = [] } = options
  const all = definitionSteps(archive, { noOwner, noPrivileges, noTablespaces, roleMap })
  const leftOut = new Set([...leftOutSteps(all, leaveOut).values()].flatMap((ids) => [...ids]))
  const isGone = relationsOf(all.filter(({ id }) => leftOut.has(id)))
  const { steps, relaxedChecks } = notValidSteps(
    all.filter(({ id }) => !leftOut.has(id)),
    notValid,
  )
  const content: RestoreContent = {
    steps,
    settings: definitionSettings(archive),
    tables: tables
      .filter((table) => !isGone(table))
      .map((table) => (table.load_via && isGone(table.load_via) ? { ...table, load_via: null } : table)),
    sequences: sequences.filter((sequence) => !isGone(sequence)),
    relaxedChecks,
  }
  return options.masked ? maskContent(content, archive, run) : content
}

/** Looked at again although the plan refused already what does not fit: no row is loaded on any other path. */
async function readRowRecords({
  reader,
  manifest,
  rowsOnly,
  options,
}: RestoreRun): Promise<Pick<RestoreContent, 'tables' | 'sequences'>> {
  if (rowsOnly) {
    const matched = await readMatchedRows(rowsOnly, reader)
    requireFitting(matched, options.overrides)
    return matched
  }
  const [tables, sequences] = await Promise.all([
    Array.fromAsync(reader.readJsonLines(manifest.streams.tables, tableSchema)),
    Array.fromAsync(reader.readJsonLines(manifest.streams.sequences, sequenceSchema)),
  ])
  return { tables, sequences }
}
