/**
 * The same length, with everything hidden that lies in quotes or in parentheses within the column list, so that words
 * and commas that are found are SQL's own. Parentheses of the column list stay; the outermost ones in it become « and »,
 * which pg_dump writes in quotes only.
 */
export function mask(sql: string): string {
  let depth = 0
  let quote = ''
  let out = ''
  for (const unit of sql.split('')) {
    if (quote !== '') {
      if (unit === quote) quote = ''
      out += '_'
    } else if (unit === '"' || unit === "'") {
      quote = unit
      out += '_'
    } else if (unit === '(') {
      depth++
      out += depth <= 1 ? unit : depth === 2 ? '«' : '_'
    } else if (unit === ')') {
      out += depth <= 1 ? unit : depth === 2 ? '»' : '_'
      depth--
    } else out += depth >= 2 ? '_' : unit
  }
  return out
}
