import { readMaskedSchema } from '../../masking/masked-schema.ts'
import { type MaskingPolicy, policyDigest } from '../../masking/policy.ts'
import { type ResolvedMasking, resolvePolicy } from '../../masking/resolve-policy.ts'
import type { SubsetRole, SubsetTable } from '../../masking/resolve-subset.ts'
import { openArchive } from '../../postgres/archive/parse-archive.ts'
import type { ChunkReader } from '../../repository/chunks/chunk-reader.ts'
import { type Manifest, type TableRecord, tableSchema } from '../../repository/documents/documents.ts'
import type { MaskingFacts, SubsetFacts } from './plan-facts.ts'

/** Holds the policy against what is restored of the backup: for a plan, before anything is made. */
export async function readMaskingFacts(
  policy: MaskingPolicy | undefined,
  { manifest, isLeftOut }: { manifest: Manifest; isLeftOut(table: TableRecord): boolean },
  reader: ChunkReader,
): Promise<MaskingFacts> {
  const nothing = { problems: [], unknown: [], tables: { kept: 0, empty: 0, masked: 0 }, columns: 0, subset: null }
  if (!policy) return { policy: null, ...nothing, largeObjects: 'leave-out', media: 'leave-out' }
  const resolved = await resolveForBackup(policy, { manifest, isLeftOut }, reader)
  const { problems, unknown } = resolved
  return {
    policy: policyDigest(policy),
    ...{ problems, unknown, largeObjects: policy.largeObjects, media: policy.media },
    ...countMasked(resolved),
    subset: resolved.subset && tablesByRole(resolved.subset),
  }
}

export function tablesByRole(tables: readonly SubsetTable[]): SubsetFacts {
  const of = (wanted: SubsetRole) =>
    [...new Set(tables.filter(({ role }) => role === wanted).map(({ root }) => root))].toSorted()
  return { start: of('start'), child: of('child'), needed: of('needed'), whole: of('whole'), empty: of('empty') }
}

/** How much of a backup is masked. */
export function countMasked({ tables }: ResolvedMasking): Pick<MaskingFacts, 'tables' | 'columns'> {
  const masked = tables.filter(({ columns }) => columns.some(({ mask }) => mask !== null))
  return {
    tables: {
      kept: tables.filter((table) => !table.isEmpty && !masked.includes(table)).length,
      empty: tables.filter(({ isEmpty }) => isEmpty).length,
      masked: masked.length,
    },
    columns: masked.reduce((sum, { columns }) => sum + columns.filter(({ mask }) => mask !== null).length, 0),
  }
}

async function resolveForBackup(
  policy: MaskingPolicy,
  { manifest, isLeftOut }: { manifest: Manifest; isLeftOut(table: TableRecord): boolean },
  reader: ChunkReader,
): Promise<ResolvedMasking> {
  const [definitions, tables] = await Promise.all([
    reader.readBytes(manifest.streams.schema),
    Array.fromAsync(reader.readJsonLines(manifest.streams.tables, tableSchema)),
  ])
  const { encoding } = manifest.database_properties
  const given = { policy, schema: readMaskedSchema(openArchive(definitions)), encoding }
  const restored = tables.filter((table) => !isLeftOut(table))
  if (restored.length === tables.length) return resolvePolicy(tables, given)
  // A name of a table that is left out is known all the same.
  return { ...resolvePolicy(restored, given), unknown: resolvePolicy(tables, given).unknown }
}
