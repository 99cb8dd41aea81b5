/** Statements of migrations as reports show them, and what to write instead of those that hold others up. Pure. */

const longest = 300

/**
 * In turn: a comment, white space, a quoted name, a quoted text, a number by itself, `;`, anything else. What the server has
 * cut off ends with the text.
 */
const piece =
  /(?<comment>--[^\n]*|\/\*.*?(?:\*\/|$))|(?<space>\s+)|(?<name>"(?:[^"]|"")*")|(?<text>\b[eE]'(?:[^'\\]|''|\\.)*(?:'|$)|(?:\b[bBxXnN])?'(?:[^']|'')*(?:'|$)|(?<dollar>\$[A-Za-z_]*\$).*?(?:\k<dollar>|$))|(?<number>(?<![\w$.])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|(?<end>;)|[^\s'"$;/\-\w]+|\w+|./gs

/**
 * The statements of a text, without comments, on one line each, and with every text and number of theirs taken out:
 * rehearsals run on the rows of production, and their reports are read by many.
 */
export function plainStatements(sql: string): string[] {
  return wholeStatements(sql).map((statement) =>
    statement.length > longest ? `${statement.slice(0, longest)} …` : statement,
  )
}

/** The same, however long they are. */
export function wholeStatements(sql: string): string[] {
  const statements: string[] = []
  let current = ''
  for (const { groups = {}, 0: found } of sql.matchAll(piece)) {
    if (groups.end !== undefined) {
      statements.push(current)
      current = ''
    } else if (groups.comment !== undefined || groups.space !== undefined) current += ' '
    else if (groups.text !== undefined || groups.number !== undefined) current += '…'
    else current += found
  }
  return [...statements, current].map((statement) => statement.replace(/ {2,}/g, ' ').trim()).filter(Boolean)
}

/** The statements of a text that name a table, else all of them: a driver may have sent a whole file at once. */
export function statementsAbout(sql: string, table: string): string[] {
  const all = plainStatements(sql)
  const about = all.filter((statement) => namesTable(statement, table))
  return about.length > 0 ? about : all
}

/** Whether a statement names a table (`schema.table`), with its schema or without. */
export function namesTable(statement: string, table: string): boolean {
  const name = table.slice(table.indexOf('.') + 1).toLowerCase()
  return statement
    .toLowerCase()
    .replaceAll('"', '')
    .split(/[^\w$]+/)
    .includes(name)
}

export interface Advice {
  code: string
  /** What to write instead. */
  advice: string
}

const rules: readonly (Advice & { when: RegExp; unless?: RegExp })[] = [
  {
    code: 'INDEX_NOT_CONCURRENT',
    when: /\bCREATE (UNIQUE )?INDEX\b/i,
    unless: /\bCONCURRENTLY\b/i,
    advice: 'CREATE INDEX CONCURRENTLY, in a migration of its own without a transaction.',
  },
  {
    code: 'INDEX_DROPPED_NOT_CONCURRENT',
    when: /\bDROP INDEX\b/i,
    unless: /\bCONCURRENTLY\b/i,
    advice: 'DROP INDEX CONCURRENTLY, in a migration of its own without a transaction.',
  },
  {
    code: 'REINDEX_NOT_CONCURRENT',
    when: /\bREINDEX\b/i,
    unless: /\bCONCURRENTLY\b/i,
    advice: 'REINDEX CONCURRENTLY, without a transaction.',
  },
  {
    code: 'FOREIGN_KEY_VALIDATED',
    when: /\bFOREIGN KEY\b|\bADD COLUMN\b.*\bREFERENCES\b/i,
    unless: /\bNOT VALID\b/i,
    advice: 'ADD CONSTRAINT ... FOREIGN KEY ... NOT VALID, then VALIDATE CONSTRAINT in a later migration.',
  },
  {
    code: 'CHECK_VALIDATED',
    when: /\bADD (CONSTRAINT \S+ )?CHECK\b/i,
    unless: /\bNOT VALID\b/i,
    advice: 'ADD CONSTRAINT ... CHECK ... NOT VALID, then VALIDATE CONSTRAINT in a later migration.',
  },
  {
    code: 'UNIQUE_BUILT_UNDER_LOCK',
    when: /\bADD (CONSTRAINT \S+ )?(UNIQUE|PRIMARY KEY|EXCLUDE)\b/i,
    unless: /\bUSING INDEX\b/i,
    advice: 'CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT ... USING INDEX.',
  },
  {
    code: 'NOT_NULL_SCAN',
    when: /\bSET NOT NULL\b/i,
    advice:
      'ADD CONSTRAINT ... CHECK (column IS NOT NULL) NOT VALID and VALIDATE CONSTRAINT first: then SET NOT NULL reads no rows.',
  },
  {
    code: 'TYPE_CHANGED',
    when: /\bALTER (COLUMN )?\S+ (SET DATA )?TYPE\b/i,
    advice: 'Add a column of the new type, fill it in batches, and let the application change over.',
  },
  {
    code: 'COLUMN_FILLED_BY_REWRITE',
    when: /\bADD (COLUMN )?(?!CONSTRAINT|CHECK|UNIQUE|PRIMARY|FOREIGN|EXCLUDE).*\b(DEFAULT\b.*\(|GENERATED\b|(BIG|SMALL)?SERIAL\b)/i,
    advice: 'ADD COLUMN without a default, SET DEFAULT in a second statement, and fill the rows in batches.',
  },
  {
    code: 'TABLE_REWRITTEN',
    when: /\bVACUUM\b.*\bFULL\b|\bCLUSTER\b|\bSET (UN)?LOGGED\b|\bSET ACCESS METHOD\b/i,
    advice: 'Do it in a maintenance window, or with a tool that rewrites beside the table (pg_repack).',
  },
  {
    code: 'VIEW_REFRESHED',
    when: /\bREFRESH MATERIALIZED VIEW\b/i,
    unless: /\bCONCURRENTLY\b/i,
    advice: 'REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index.',
  },
]

/** What to write instead of a statement, as {@link plainStatements} gives it. */
export function adviceFor(statement: string): Advice[] {
  return rules.flatMap(({ code, advice, when, unless }) =>
    when.test(statement) && !unless?.test(statement) ? [{ code, advice }] : [],
  )
}

/** Whether a statement changes rows. */
export const changesRows = (statement: string): boolean =>
  /^(WITH\b.*\b)?(UPDATE|DELETE|INSERT|MERGE)\b/i.test(statement)
