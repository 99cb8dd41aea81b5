/**
 * Names and literals in SQL text. Every name that comes from a catalog, an option or a backup passes through here
 * before it reaches a statement.
 */

/** `"name"`, always quoted, so that keywords, capitals and hostile names need no thought. */
export function quoteIdentifier(name: string): string {
  refuseNul(name)
  return `"${name.replaceAll('"', '""')}"`
}

/** `'text'`; with backslashes in it `E'...'`, which reads the same whatever standard_conforming_strings is. */
export function quoteLiteral(text: string): string {
  refuseNul(text)
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`
  return text.includes('\\') ? ` E${quoted}` : quoted
}

/** `"schema"."name"`. */
export function qualifiedName(relation: { schema: string; name: string }): string {
  return `${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.name)}`
}

function refuseNul(text: string): void {
  if (text.includes('\0')) throw new TypeError('PostgreSQL names and texts cannot hold a NUL character.')
}
