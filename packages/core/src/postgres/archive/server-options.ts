/**
 * Column options that a server keeps for itself (`pg_attver`), taken out of a definition: they change without any change of
 * the schema, and other servers do not know them. Pure; text may stand for bytes.
 */
export function withoutServerOptions(definition: string): string {
  if (!definition.includes('pg_attver')) return definition
  return definition.replace(
    /^(ALTER (?:FOREIGN |MATERIALIZED )?(?:TABLE|VIEW|INDEX) [^\n]* ALTER COLUMN [^\n]* SET \()([^\n]*)\);\n?/gm,
    (whole, before: string, options: string) => {
      const kept = options.split(', ').filter((option) => !/^pg_attver=/.test(option))
      if (kept.length === options.split(', ').length) return whole
      return kept.length === 0 ? '' : `${before}${kept.join(', ')});${whole.endsWith('\n') ? '\n' : ''}`
    },
  )
}
