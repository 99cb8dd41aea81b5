import { EngineError, throwIfAborted } from '../errors.ts'
import { type Canaries, createCanaries } from '../masking/canaries.ts'
import type { ColumnMask, RowMask } from '../masking/column-mask.ts'
import { unescapeField } from '../masking/copy-field.ts'
import { requirePolicy } from '../masking/mask-problems.ts'
import { type MaskedSchema, readMaskedSchema } from '../masking/masked-schema.ts'
import { type MaskingPolicy, policyDigest } from '../masking/policy.ts'
import { type ResolvedTable, resolvePolicy } from '../masking/resolve-policy.ts'
import { createRowMasker } from '../masking/row-masker.ts'
import { policyText, suggestPolicy } from '../masking/suggest-policy.ts'
import { openArchive } from '../postgres/archive/parse-archive.ts'
import { type ConnectionParameters, withDatabase } from '../postgres/connection.ts'
import { type ChunkReader, createChunkReader } from '../repository/chunks/chunk-reader.ts'
import { type Manifest, type TableRecord, tableSchema } from '../repository/documents/documents.ts'
import { readSegments } from '../repository/documents/manifest-chunks.ts'
import { readManifest } from '../repository/documents/manifests.ts'
import { requireTrusted } from '../repository/documents/trust.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import type { Repository } from '../repository/repository.ts'
import { searchDatabase } from '../restore/database/prove-masked.ts'
import { countMasked, tablesByRole } from '../restore/plan/masking-facts.ts'
import type { MaskCheck, MaskPreview, MaskSuggestion } from './masking.ts'

interface Opened {
  manifest: Manifest
  reader: ChunkReader
  tables: TableRecord[]
  schema: MaskedSchema
}

async function openBackup(repository: Repository, backupId: string, signal: AbortSignal | undefined): Promise<Opened> {
  const { manifest } = await readManifest(repository, backupId, { signal })
  await requireTrusted(repository, manifest, { signal })
  const index = await loadChunkIndex(repository, { signal, readAround: true })
  const reader = createChunkReader(repository, index, { signal, useCopies: true, aside: true })
  const [definitions, tables] = await Promise.all([
    reader.readBytes(manifest.streams.schema),
    Array.fromAsync(reader.readJsonLines(manifest.streams.tables, tableSchema)),
  ])
  return { manifest, reader, tables, schema: readMaskedSchema(openArchive(definitions)) }
}

const resolve = ({ tables, schema, manifest }: Opened, policy: MaskingPolicy) =>
  resolvePolicy(tables, { policy, schema, encoding: manifest.database_properties.encoding })

export async function suggestForBackup(
  repository: Repository,
  { backupId, policy }: { backupId: string; policy: MaskingPolicy | undefined },
  signal: AbortSignal | undefined,
): Promise<MaskSuggestion> {
  const { tables, schema } = await openBackup(repository, backupId, signal)
  const found = suggestPolicy(tables, schema, policy)
  return { ...found, text: policyText(found) }
}

interface Checked {
  backupId: string
  policy: MaskingPolicy | undefined
  searched: { target: string; connection: ConnectionParameters } | null
}

/** @throws EngineError `MASK_REFUSED` without a policy, `DATABASE_NOT_FOUND`, what reading a backup throws. */
export async function checkBackup(
  repository: Repository,
  { backupId, policy: given, searched }: Checked,
  signal: AbortSignal | undefined,
): Promise<MaskCheck> {
  const policy = requirePolicy(given)
  const opened = await openBackup(repository, backupId, signal)
  const resolved = resolve(opened, policy)
  const search =
    searched && resolved.problems.length === 0
      ? await searchTarget(opened, resolved.tables, { ...searched, policy, signal })
      : null
  return {
    ok: resolved.problems.length === 0 && (search?.found.length ?? 0) === 0,
    policy: policyDigest(policy),
    number: opened.manifest.number,
    problems: resolved.problems,
    unknown: resolved.unknown,
    ...countMasked(resolved),
    subset: resolved.subset && tablesByRole(resolved.subset),
    searched: search,
  }
}

/** Rows of a table that are looked at for values to search for. */
const sampledRows = 5000

async function searchTarget(
  { reader, tables }: Opened,
  resolved: readonly ResolvedTable[],
  {
    target,
    connection,
    policy,
    signal,
  }: { target: string; connection: ConnectionParameters; policy: MaskingPolicy; signal: AbortSignal | undefined },
): Promise<MaskCheck['searched']> {
  const { key, unproven } = policy
  const canaries: Canaries = createCanaries(unproven)
  for (const [position, table] of tables.entries()) {
    throwIfAborted(signal)
    const { columns, name } = resolved[position] as ResolvedTable
    if (table.rows === 0 || table.rows_excluded || columns.every(({ mask }) => mask === null)) continue
    const masker = await createRowMasker({ table: name, key, columns })
    await readRows(reader, table, sampledRows, (piece) => void masker.push(piece))
    canaries.add(table, masker.canaries())
  }
  const { relations, bytes, found } = await searchDatabase(withDatabase(connection, target), canaries, { signal })
  const count = [...canaries.counts().values()].reduce((sum, one) => sum + one, 0)
  return { database: target, canaries: count, relations, bytes, found }
}

const newline = 10

/** The beginning of a table's rows, as whole lines. */
async function readRows(
  reader: ChunkReader,
  { segments }: TableRecord,
  most: number,
  onPiece: (piece: Buffer) => void,
): Promise<void> {
  let rows = 0
  for await (const { chunks } of readSegments(reader, segments))
    for await (const chunk of reader.readChunks(chunks)) {
      const piece = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
      let end = 0
      while (rows < most && end < piece.length) {
        const next = piece.indexOf(newline, end) + 1
        if (next === 0) {
          end = piece.length
          break
        }
        end = next
        rows++
      }
      onPiece(piece.subarray(0, end))
      if (rows >= most) return
    }
}

/** @throws EngineError `MASK_REFUSED` where the policy does not say everything about the table. */
export async function previewTable(
  repository: Repository,
  {
    backupId,
    table: asked,
    limit,
    policy: given,
  }: { backupId: string; table: string; limit: number; policy: MaskingPolicy | undefined },
  signal: AbortSignal | undefined,
): Promise<MaskPreview> {
  const policy = requirePolicy(given)
  const opened = await openBackup(repository, backupId, signal)
  const { tables, problems } = resolve(opened, policy)
  const position = tables.findIndex(({ name, root }) =>
    [name, root].some((one) => one === asked || one === `public.${asked}`),
  )
  const found = tables[position]
  if (!found)
    throw new EngineError('CONFIG_INVALID', `The backup has no table "${asked}".`, {
      advice: '{backups.get} lists the tables.',
    })
  const own = problems.find(({ place }) => place === found.root || place.startsWith(`${found.root}.`))
  if (own) throw new EngineError('MASK_REFUSED', own.text)
  const row: RowMask = { table: found.name, key: policy.key, columns: found.columns }
  const masker = await createRowMasker(row)
  const lines: string[] = []
  if (!found.isEmpty && found.columns.length > 0)
    await readRows(opened.reader, opened.tables[position] as TableRecord, limit, (piece) => {
      lines.push(masker.push(piece).toString('utf8'))
    })
  return {
    table: found.root,
    columns: found.columns.map(({ name, mask }) => ({ name, mask: nameOf(mask) })),
    rows: lines.join('').split('\n').slice(0, -1).slice(0, limit).map(fieldsOf),
  }
}

const nameOf = (mask: ColumnMask | null) =>
  mask === null ? 'keep' : mask.kind === 'pseudonym' ? mask.pseudonym : mask.kind

const fieldsOf = (line: string) =>
  line.split('\t').map((field) => (field === String.raw`\N` ? null : unescapeField(field)))
