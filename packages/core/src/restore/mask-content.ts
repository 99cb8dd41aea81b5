import { type Canaries, createCanaries } from '../masking/canaries.ts'
import type { RowMask } from '../masking/column-mask.ts'
import { maskRefusal, requirePolicy } from '../masking/mask-problems.ts'
import { ancestors, readMaskedSchema } from '../masking/masked-schema.ts'
import type { MaskingPolicy } from '../masking/policy.ts'
import { type ResolvedTable, resolvePolicy } from '../masking/resolve-policy.ts'
import type { SubsetTable } from '../masking/resolve-subset.ts'
import type { RowChoice } from '../masking/row-choice.ts'
import type { ReadableArchive } from '../postgres/archive/archive.ts'
import { qualifiedName } from '../postgres/identifiers.ts'
import type { Manifest, TableRecord } from '../repository/documents/documents.ts'
import type { RestoreContent, RestoreRun } from './restore-run.ts'

export interface ContentMasking {
  /** By quoted name; tables that stay as they are have none, and are loaded as by any restore. */
  masks: ReadonlyMap<string, RowMask>
  tables: readonly ResolvedTable[]
  /** Which rows are kept, in the order of the tables; null: every one. */
  subset: readonly SubsetTable[] | null
  /** By quoted name the rows that are loaded, of tables of which some are; filled once they are known. */
  choices: ReadonlyMap<string, RowChoice>
  /** Values that must not be found in the copy. */
  canaries: Canaries
  /** What was left out that holds data or leads to the original, for people. */
  leftOut: string[]
}

/** Kinds of definitions that hold data, secrets, or a way back to the original. */
const leading = new Set([
  'USER MAPPING',
  'SUBSCRIPTION',
  'PUBLICATION',
  'PUBLICATION TABLE',
  'PUBLICATION TABLES IN SCHEMA',
  'SUBSCRIPTION TABLE',
])

/**
 * What a masked copy is made of. The plan has refused already what the policy does not name; it is looked at again here, so
 * that no row is loaded on any other path.
 *
 * @throws EngineError `MASK_REFUSED`.
 */
export function maskContent(content: RestoreContent, archive: ReadableArchive, run: RestoreRun): RestoreContent {
  const policy = requirePolicy(run.context.masking)
  const schema = readMaskedSchema(archive)
  const { encoding } = run.manifest.database_properties
  const resolved = resolvePolicy(content.tables, { policy, schema, encoding })
  if (resolved.problems.length > 0) throw maskRefusal(resolved.problems)
  const byName = new Map(content.tables.map((table, position) => [table, resolved.tables[position] as ResolvedTable]))
  const moving = new Set(
    resolved.tables.flatMap((table) => {
      const keys = [table.name, ...ancestors(table.name, schema)].flatMap((one) => schema.partitionKeys.get(one) ?? [])
      return table.columns.some(({ name, mask }) => mask !== null && keys.includes(name)) ? [table.root] : []
    }),
  )
  const dropped = content.steps.filter(
    ({ kind }) => leading.has(kind) || (policy.comments === 'leave-out' && isComment(kind)),
  )
  return {
    ...content,
    steps: without(content.steps, new Set(dropped)),
    sequences: policy.sequences === 'start' ? [] : content.sequences,
    tables: content.tables.map((table): TableRecord => {
      const { isEmpty, root } = byName.get(table) as ResolvedTable
      // Where the key of the partitions is masked, a row can belong to another one.
      const via = moving.has(root) ? (schema.relations.get(root) ?? null) : null
      return { ...table, rows_excluded: table.rows_excluded || isEmpty, load_via: table.load_via ?? via }
    }),
    masking: {
      masks: masksOf(byName, policy),
      tables: resolved.tables,
      subset: resolved.subset,
      choices: new Map(),
      canaries: createCanaries(policy.unproven),
      leftOut: [...new Set(dropped.map(({ kind, name }) => (isComment(kind) ? 'comments' : name)))],
    },
  }
}

const isComment = (kind: string) => kind === 'COMMENT' || kind === 'SECURITY LABEL'

function without(steps: RestoreContent['steps'], dropped: ReadonlySet<unknown>): RestoreContent['steps'] {
  const gone = new Set(steps.filter((step) => dropped.has(step)).map(({ id }) => id))
  return steps
    .filter((step) => !dropped.has(step))
    .map((step) => ({ ...step, dependsOn: step.dependsOn.filter((id) => !gone.has(id)) }))
}

function masksOf(tables: ReadonlyMap<TableRecord, ResolvedTable>, { key }: MaskingPolicy): Map<string, RowMask> {
  return new Map(
    [...tables].flatMap(([table, { name, columns }]): [string, RowMask][] =>
      columns.some(({ mask }) => mask !== null) ? [[qualifiedName(table), { table: name, key, columns }]] : [],
    ),
  )
}

/** Facts of the database that hold data are left out: large objects, its comment, settings of the application's own. */
export function maskManifest(manifest: Manifest, policy: MaskingPolicy | undefined): Manifest {
  const { largeObjects } = requirePolicy(policy)
  const properties = manifest.database_properties
  return {
    ...manifest,
    ...(largeObjects === 'keep' ? {} : { large_object_count: 0 }),
    database_properties: {
      ...properties,
      comment: null,
      // What is named with a point (`app.jwt_secret`) is no setting of the server's.
      settings: properties.settings.filter(({ setting }) => !/^[^=]*\./.test(setting)),
    },
  }
}
