import { bareType, type Comparison, comparisonOf } from './key-value.ts'
import { columnOf, type ForeignKey, type MaskedSchema, type TableName, typeOfColumn } from './masked-schema.ts'

/** Types of text, which are equal where their characters are. */
const texts = new Set(['text', 'character varying', 'name', 'character', 'bpchar'])

/** How the values of a key's columns are compared; why not, where their texts do not say whether they are equal. */
export function comparisonOfEnds(key: ForeignKey, at: number, schema: MaskedSchema): Comparison | { why: string } {
  const [column, targetColumn] = [key.columns[at] ?? '', key.targetColumns[at] ?? '']
  if (column === 'PERIOD') return { why: 'is over periods of time' }
  const ends = [typeAt(schema, key.table, column), typeAt(schema, key.target, targetColumn)]
  for (const end of ends) {
    if (end?.isLoose) return { why: `compares texts by a collation that is not deterministic` }
    if (end && isWrittenInMoreThanOneWay(end.type))
      return { why: `is of type ${end.type}, of which equal values are written in more than one way` }
  }
  const [own, theirs] = ends.map((end) => end?.type ?? null) as [string | null, string | null]
  const [one, other] = [comparisonOf(own), comparisonOf(theirs)]
  const both = new Set([one, other])
  const isReal = bareType(own) === 'real' || bareType(theirs) === 'real'
  const twoTypes = { why: `compares values of two types, ${column} and ${targetColumn}, whose texts differ` }
  if (isReal && bareType(own) !== bareType(theirs)) return 'single'
  if (both.size === 1) {
    const differ = one === 'exact' && own !== null && theirs !== null && bareType(own) !== bareType(theirs)
    return differ && !(texts.has(bareType(own)) && texts.has(bareType(theirs))) ? twoTypes : one
  }
  if (both.has('number') && both.has('float')) return 'float'
  if (both.has('folded')) return 'folded'
  return both.has('padded') ? 'padded' : twoTypes
}

/** `1 day` is `24:00:00`, and `{1.0}` is `{1}`. */
function isWrittenInMoreThanOneWay(type: string): boolean {
  const bare = bareType(type)
  if (/^interval\b/.test(bare) || ['jsonb', 'numrange', 'nummultirange'].includes(bare)) return true
  if (!bare.endsWith('[]')) return false
  const element = bare.slice(0, -2)
  if (/^(?:smallint|integer|bigint|oid)$/.test(element)) return false
  return comparisonOf(element) !== 'exact' || isWrittenInMoreThanOneWay(element)
}

function typeAt(schema: MaskedSchema, table: TableName, column: string): { type: string; isLoose: boolean } | null {
  const found = columnOf(schema, table, column)
  if (!found) return null
  const { type, collation } = typeOfColumn(schema, found)
  return { type, isLoose: collation !== null && schema.loose.has(collation) }
}
