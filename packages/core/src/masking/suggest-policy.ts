import { ancestors, columnOf, type MaskedSchema, typeOfColumn } from './masked-schema.ts'
import type { Mask, MaskingPolicy } from './policy.ts'
import { shapeOf } from './pseudonym-shape.ts'
import type { BackupTable } from './resolve-policy.ts'

export interface SuggestedColumn {
  table: string
  column: string
  type: string | null
  /** A guess, for people to confirm. */
  mask: Mask
  why: string
}

interface Rule {
  name: RegExp
  mask: Mask
  why: string
}

/** By the name of a column; the first that fits. */
const rules: Rule[] = [
  { name: /e_?mail/, mask: 'email', why: 'its name is that of an e-mail address' },
  {
    name: /(?:^|_)(?:phone|mobile|fax|tel(?:ephone)?)(?:_|$)/,
    mask: 'phone',
    why: 'its name is that of a telephone number',
  },
  {
    name: /(?:pass(?:word|wd|phrase)?|secret|token|api_?key|private|salt|hash|otp|pin|cvv|session)/,
    mask: 'hash',
    why: 'its name is that of a secret',
  },
  {
    name: /(?:^|_)(?:first|last|full|middle|sur|given|family|display|contact|user)_?name(?:_|$)|^name$/,
    mask: 'name',
    why: 'its name is that of a person',
  },
  {
    name: /(?:street|address|zip|post(?:al)?_?code|iban|bic|card|account|tax|vat|ssn|passport|licen[cs]e|plate|ip|user_?agent|url|lat(?:itude)?|lon(?:gitude)?)/,
    mask: 'hash',
    why: 'its name is that of something personal',
  },
  { name: /(?:birth|dob)/, mask: { shiftDays: 90 }, why: 'its name is that of a day of birth' },
  {
    name: /(?:note|comment|body|message|description|bio|subject|text|content|payload|data|meta|details|raw)/,
    mask: 'null',
    why: 'text that can hold anything',
  },
  { name: /(?:salary|income|wage)/, mask: { noise: 0.2 }, why: 'its name is that of an income' },
]

/** Types that hold no person by themselves. */
const plain = /^(?:boolean|smallint|integer|bigint|numeric|real|double precision|date|timestamp|time|interval|oid)\b/

/** Whole tables, where the policy does not say otherwise. */
const emptied = /(?:^|_)(?:audit|event|log|session|history|queue|job|outbox)s?(?:_|$)/
export const ledgers =
  /(?:migrations?|schema_version|flyway_schema_history|databasechangelog(?:lock)?|alembic_version|ar_internal_metadata)(?:_lock)?$/

/**
 * Guesses for what a policy does not name yet. Pure; they are never used before a person has put them into the policy.
 */
export function suggestPolicy(
  tables: readonly BackupTable[],
  schema: MaskedSchema,
  policy: Pick<MaskingPolicy, 'tables'> | undefined,
): { columns: SuggestedColumn[]; tables: { table: string; as: 'keep' | 'empty'; why: string }[] } {
  const found = {
    columns: [] as SuggestedColumn[],
    tables: [] as { table: string; as: 'keep' | 'empty'; why: string }[],
  }
  const seen = new Set<string>()
  for (const { schema: of, name, columns } of tables) {
    const own = `${of}.${name}`
    const table = ancestors(own, schema).at(-1) ?? own
    if (seen.has(table) || columns.length === 0) continue
    seen.add(table)
    const entry = entryOf(table, own, policy)
    if (typeof entry === 'string') continue
    const bare = table.slice(table.indexOf('.') + 1)
    if (entry === undefined && ledgers.test(bare))
      found.tables.push({ table, as: 'keep', why: 'a table of migrations' })
    else if (entry === undefined && emptied.test(bare))
      found.tables.push({ table, as: 'empty', why: 'its name is that of a log' })
    else
      for (const column of columns)
        if (!entry || !Object.hasOwn(entry, column)) found.columns.push({ table, ...guess(own, column, schema) })
  }
  return found
}

function entryOf(table: string, own: string, policy: Pick<MaskingPolicy, 'tables'> | undefined) {
  const names = [own, table].flatMap((one) => (one.startsWith('public.') ? [one, one.slice('public.'.length)] : [one]))
  const name = names.find((one) => policy && Object.hasOwn(policy.tables, one))
  return name === undefined ? undefined : policy?.tables[name]
}

function guess(own: string, column: string, schema: MaskedSchema): Omit<SuggestedColumn, 'table'> {
  const found = columnOf(schema, own, column)
  const { type, nullable, isDomain } = found
    ? typeOfColumn(schema, found)
    : { type: null, nullable: null, isDomain: false }
  const keys = schema.uniqueKeys.filter(({ table, columns }) => table === own && columns.includes(column))
  const isKey =
    keys.some(({ isPrimary }) => isPrimary) ||
    schema.foreignKeys.some(
      (one) =>
        (one.table === own && one.columns.includes(column)) ||
        (one.target === own && one.targetColumns.includes(column)),
    )
  const common = { column, type }
  if (isKey && type !== null && (plain.test(type) || type === 'uuid'))
    return { ...common, mask: 'keep', why: 'a key that says nothing by itself' }
  const partitions = [own, ...ancestors(own, schema)].some((one) => schema.partitionKeys.get(one)?.includes(column))
  if (partitions) return { ...common, mask: 'keep', why: 'it decides which partition a row belongs to' }
  const unique = keys.length > 0
  if (isDomain && !unique && nullable !== false)
    return { ...common, mask: 'null', why: 'a domain, which might not take a pseudonym' }
  const rule = rules.find(({ name, mask }) => name.test(column.toLowerCase()) && fits(mask, nullable, type))
  if (rule) return { ...common, ...fitting(rule, { type, unique, nullable }) }
  if (type !== null && plain.test(type)) return { ...common, mask: 'keep', why: 'a number, a time or a truth value' }
  return { ...common, ...fitting({ mask: 'hash', why: 'nothing is known of it' }, { type, unique, nullable }) }
}

function fits(mask: Mask, nullable: boolean | null, type: string | null): boolean {
  if (mask === 'null') return nullable !== false && type !== null && !plain.test(type)
  if (typeof mask === 'object' && 'shiftDays' in mask) return /^(?:date|timestamp)/.test(type ?? '')
  if (typeof mask === 'object' && 'noise' in mask) return /^(?:numeric|integer|bigint|real|double)/.test(type ?? '')
  return type !== null && !/^(?:boolean|numeric|date|timestamp|time|interval|real|double)/.test(type)
}

/** The mask, or the next one that the type and its keys allow. */
function fitting(
  { mask, why }: { mask: Mask; why: string },
  { type, unique, nullable }: { type: string | null; unique: boolean; nullable: boolean | null },
): Pick<SuggestedColumn, 'mask' | 'why'> {
  if (typeof mask !== 'string' || mask === 'null' || mask === 'keep') return { mask, why }
  for (const kind of [mask, 'hash'] as const) {
    const shape = type === null ? null : shapeOf(type, kind, { unique })
    if (shape && !('problem' in shape)) return { mask: kind, why }
  }
  if ((type === 'json' || type === 'jsonb') && nullable === false)
    return { mask: { json: {} }, why: 'JSON: name the paths that may stay' }
  if (unique) return { mask: 'keep', why: 'a key of a type that has no pseudonym' }
  if (nullable !== false) return { mask: 'null', why: `${why}, and no pseudonym fits its type` }
  return { mask: { fixed: '' }, why: `${why}; no pseudonym fits its type: give a value of that type` }
}

/** A policy as the text of a module, every line of it a comment until a person has looked at it. */
export function policyText(found: ReturnType<typeof suggestPolicy>): string {
  const byTable = Map.groupBy(found.columns, ({ table }) => table)
  const lines = [
    '// Take the slashes away from a line once you have looked at it. What is not named is refused, not copied.',
    'masking: {',
    '  key: process.env.MASKING_KEY,',
    '  tables: {',
    ...found.tables.map(({ table, as, why }) => `    // ${JSON.stringify(table)}: '${as}', // ${why}`),
    ...[...byTable].flatMap(([table, columns]) => [
      `    ${JSON.stringify(table)}: {`,
      ...columns.map(
        ({ column, mask, type, why }) =>
          `      // ${JSON.stringify(column)}: ${maskText(mask)}, // ${type ?? 'unknown type'}: ${why}`,
      ),
      '    },',
    ]),
    '  },',
    '},',
  ]
  return `${lines.join('\n')}\n`
}

const maskText = (mask: Mask) => (typeof mask === 'string' ? `'${mask}'` : JSON.stringify(mask).replaceAll('\n', ' '))
