import { wholeStatements } from './rehearsal/statements.ts'

/**
 * What of a migration its tool cannot take back by itself, in words for people, each with the first statement of the kind. Text
 * in quotes and the bodies of functions are not looked into. Pure.
 */
export function whatStays(sql: string): string[] {
  const statements = wholeStatements(sql)
  const found = kinds.flatMap(({ when, text }) => {
    const [first, ...more] = statements.filter((statement) => when.test(statement))
    if (first === undefined) return []
    return [`${text}: ${shortened(first)}${more.length > 0 ? `, and ${more.length} more` : ''}`]
  })
  const isOutside = /^--\s*(migrate:up\b.*\btransaction:\s*false|\+goose\s+NO\s+TRANSACTION)/im.test(sql)
  return isOutside ? ['it asks for no transaction: where it fails, what it had done until then stays', ...found] : found
}

const kinds: readonly { when: RegExp; text: string }[] = [
  {
    when: /^DROP\s+(TABLE|SCHEMA|MATERIALIZED\s+VIEW|SEQUENCE)\b|^ALTER\s+TABLE\b.*\bDROP\s+(?!CONSTRAINT\b|DEFAULT\b|NOT\s+NULL\b|EXPRESSION\b|IDENTITY\b)/i,
    text: 'it drops what no down step fills again',
  },
  { when: /^(WITH\b.*\b)?(DELETE|UPDATE|MERGE)\b|^TRUNCATE\b/i, text: 'it changes or removes rows' },
  { when: /\bALTER\s+(COLUMN\s+)?\S+\s+(SET\s+DATA\s+)?TYPE\b/i, text: 'it turns values into another type' },
  { when: /^ALTER\s+TYPE\b.*\bADD\s+VALUE\b/i, text: 'it adds a value to a type, which PostgreSQL cannot remove' },
  {
    when: /\bCONCURRENTLY\b|^VACUUM\b|^(CREATE|DROP)\s+(DATABASE|TABLESPACE)\b|^ALTER\s+SYSTEM\b|^(COMMIT|END)\b/i,
    text: 'it leaves the transaction: what it has done by then stays',
  },
]

const shortened = (statement: string): string => (statement.length > 120 ? `${statement.slice(0, 120)} …` : statement)
