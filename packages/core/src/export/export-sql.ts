import { throwIfAborted } from '../errors.ts'
import type { ReadableArchive } from '../postgres/archive/archive.ts'
import { archiveEncoding, archiveTextEncoder } from '../postgres/archive/archive-text.ts'
import { invalid } from '../postgres/archive/byte-reader.ts'
import { refreshEntries, relationIndex, sequenceSetEntry, tableDataEntry } from '../postgres/archive/data-entries.ts'
import { largeObjectEntries } from '../postgres/archive/large-object-entries.ts'
import { openArchive } from '../postgres/archive/parse-archive.ts'
import { createChunkReader } from '../repository/chunks/chunk-reader.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import type { Repository } from '../repository/repository.ts'
import {
  type DefinitionOptions,
  definitionSettings,
  definitionSteps,
} from '../restore/database/definitions/definition-steps.ts'
import { viewsOf } from './archive-plan.ts'
import type { ExportOptions, ExportResult } from './export-dump.ts'
import { openOutput } from './export-output.ts'
import type { ExportSource } from './export-source.ts'
import { largeObjectCursor } from './large-object-pages.ts'
import { reportingSource } from './reporting-source.ts'
import { repositorySource } from './repository-source.ts'
import { refuseBareBackslash } from './script-guard.ts'

/** What of the definitions a script is to leave out or change. */
export type SqlExportOptions = Omit<ExportOptions, 'compressionLevel'> & DefinitionOptions

/**
 * Writes a backup as one SQL script for an empty database, in the encoding of the original. Rows are COPY blocks; there
 * is no other psql command in it than the `\.` that ends them, and a definition that would smuggle one in is refused.
 *
 * Throws what {@link exportDump} throws, and `ARCHIVE_INVALID`.
 */
export async function exportSql(context: { repository: Repository }, options: SqlExportOptions): Promise<ExportResult> {
  const { manifest, signal, report } = options
  const { repository } = context
  const index = await loadChunkIndex(repository, { signal, readAround: true })
  const source = await repositorySource(
    createChunkReader(repository, index, { signal, report: options.report, useCopies: true, aside: true }),
    manifest,
  )
  return exportScript(reportingSource(source, manifest.logical_bytes - manifest.media_size, report), options)
}

/** The same from any source of a backup's contents. */
export async function exportScript(
  source: ExportSource,
  options: Pick<SqlExportOptions, 'output' | 'signal'> & DefinitionOptions,
): Promise<ExportResult> {
  const script = sqlScript(source, options)
  const writer = await openOutput(options.output)
  try {
    for await (const bytes of script) {
      throwIfAborted(options.signal)
      await writer.write(bytes)
    }
    return await writer.finish()
  } catch (error) {
    await writer.abort()
    throw error
  }
}

async function* sqlScript(source: ExportSource, options: DefinitionOptions): AsyncGenerator<Uint8Array> {
  const archive = openArchive(source.schema)
  const encode = archiveTextEncoder(archive)
  const find = relationIndex(archive, encode)
  const raw = (text: string) => Buffer.from(text, archive.header.text)
  const statement = (sql: string) => {
    refuseBareBackslash(sql)
    const trimmed = sql.trim()
    return raw(encode(`${trimmed}${trimmed.endsWith(';') ? '' : ';'}\n\n`))
  }
  if (definitionSettings(archive).includes('SET standard_conforming_strings = off'))
    throw invalid('its strings are not standard conforming, so it is not clear where one ends')
  const [preData, postData, acl, final] = divided(archive, options)

  for (const sql of scriptSettings(archive)) yield statement(sql)
  for (const sql of preData) yield statement(sql)
  for await (const table of source.tables()) {
    const entry = tableDataEntry(table, { dumpId: 1, relation: find(table), encode })
    yield raw(entry.copyStatement ?? '')
    yield* table.rows()
    yield raw('\\.\n\n')
  }
  for await (const sequence of source.sequences())
    yield raw(sequenceSetEntry(sequence, { dumpId: 1, relation: undefined, encode }).definition ?? '')
  yield* largeObjectScript(source, archive, options, statement)
  for (const sql of [...postData, ...acl]) yield statement(sql)
  for (const { definition } of refreshEntries(archive, source.populatedViews ?? viewsOf(archive), 1, encode))
    yield raw(definition ?? '')
  for (const sql of final) yield statement(sql)
}

/** Definitions before the rows, after them, grants, and what comes last. */
function divided(archive: ReadableArchive, options: DefinitionOptions): [string[], string[], string[], string[]] {
  const steps = definitionSteps(archive, options)
  const sqlOf = (wanted: (step: (typeof steps)[number]) => boolean) => steps.filter(wanted).flatMap((s) => s.sql ?? [])
  return [
    sqlOf((step) => step.pass === 'main' && step.section === 'pre-data'),
    sqlOf((step) => step.pass === 'main' && step.section !== 'pre-data'),
    sqlOf((step) => step.pass === 'acl'),
    sqlOf((step) => step.pass === 'final'),
  ]
}

/** A script is read by a session of its own: no timeouts, and the encoding its bytes are in. */
function scriptSettings(archive: ReadableArchive): string[] {
  const timeouts = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']
  return [
    ...timeouts.map((name) => `SET ${name} = 0`),
    ...definitionSettings(archive).map((sql) =>
      sql.startsWith('SET client_encoding') ? `SET client_encoding = '${archiveEncoding(archive)}'` : sql,
    ),
  ]
}

/** Objects and their bytes first; owners and rights once nothing more is written to them. */
async function* largeObjectScript(
  source: ExportSource,
  archive: ReadableArchive,
  options: DefinitionOptions,
  statement: (sql: string) => Buffer,
): AsyncGenerator<Uint8Array> {
  const cursor = largeObjectCursor(source.largeObjectPages(), source.largeObjectPageBytes)
  for await (const { oid } of source.largeObjects()) {
    yield statement(`SELECT pg_catalog.lo_create('${oid}')`)
    let position = 0
    for await (const page of cursor.read(oid)) {
      const hex = Buffer.from(page).toString('hex')
      yield statement(`SELECT pg_catalog.lo_put(${oid}, ${position}, pg_catalog.decode('${hex}', 'hex'))`)
      position += page.length
    }
  }
  let last = 0
  const context = { version: 14, nextDumpId: () => ++last, encode: (text: string) => text } as const
  const header = { ...archive.header, text: 'utf8' } as const
  for await (const entry of largeObjectEntries(source.largeObjects(), context)) {
    const definition = entry.kind === 'BLOB' ? '--' : entry.definition
    const steps = definitionSteps({ header, entries: [{ ...entry, definition }] }, options)
    for (const { sql } of steps) if (sql !== null) yield statement(sql.replace(/^--\n/, ''))
  }
}
