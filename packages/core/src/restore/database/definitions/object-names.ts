import type { DefinitionStep } from './definition-steps.ts'

/** What a name in an option may mean. */
type Named = Pick<DefinitionStep, 'kind' | 'schema' | 'tag' | 'name'>

/**
 * The names an object answers to: `schema.name`, for what belongs to a table `schema.table.name`, for functions also
 * without the arguments, and each of them behind its kind, as errors print it.
 */
export function objectNames({ kind, schema, tag, name }: Named): string[] {
  const prefix = schema === null ? '' : `${schema}.`
  if (annotations.has(kind)) return [name]
  const own = [`${prefix}${tag}`]
  // pg_dump tags what belongs to a table with `table name`.
  if (ofTables.has(kind) && tag.includes(' ')) own.push(`${prefix}${tag.replace(' ', '.')}`)
  if (/^(FUNCTION|PROCEDURE|AGGREGATE)$/.test(kind)) own.push(`${prefix}${tag.replace(/\(.*$/s, '')}`)
  return [...own, ...own.map((one) => `${kind} ${one}`)]
}

/** For advice: the shortest name that says which. */
export function adviceName(step: Named): string {
  return objectNames(step).find((one) => !one.includes(' ')) ?? objectNames(step)[0] ?? step.name
}

const annotations = new Set(['ACL', 'COMMENT', 'SECURITY LABEL', 'DEFAULT ACL'])
const ofTables = new Set([
  'CHECK CONSTRAINT',
  'CONSTRAINT',
  'DEFAULT',
  'FK CONSTRAINT',
  'POLICY',
  'PUBLICATION TABLE',
  'ROW SECURITY',
  'RULE',
  'TRIGGER',
])

/** `schema.table.constraint` of the CHECK constraints that a table's own definition holds. */
export function inlineChecks({ kind, schema, tag, sql }: DefinitionStep): string[] {
  if (kind !== 'TABLE' || sql === null) return []
  return [...sql.matchAll(/^\s+CONSTRAINT ("(?:[^"]|"")+"|[^\s"]+) CHECK/gm)].map(([, name = '']) => {
    const plain = name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name
    return `${schema}.${tag}.${plain}`
  })
}
