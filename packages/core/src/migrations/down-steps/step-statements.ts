import { wholeStatements } from '../rehearsal/statements.ts'

/**
 * What stands against running the SQL of a down step, and what to know of it: words for people who decide. Only a help: text
 * in quotes and the bodies of functions are not looked into. The walls are the role that runs a step and its transaction.
 */
export function readStepStatements(sql: string): { problems: string[]; notes: string[] } {
  const statements = wholeStatements(sql)
  const found = (rules: readonly Rule[]) =>
    rules.flatMap(({ when, text }) => {
      const one = statements.find((statement) => when.test(statement))
      return one === undefined ? [] : [`${text}: ${shortened(one)}`]
    })
  return { problems: statements.length === 0 ? ['it says nothing'] : found(forbidden), notes: found(odd) }
}

interface Rule {
  when: RegExp
  text: string
}

const forbidden: readonly Rule[] = [
  { when: /\\\s*\S/, text: 'it has a command of psql' },
  {
    when: /^(BEGIN|START TRANSACTION|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|PREPARE TRANSACTION)\b/i,
    text: "it has a statement about the transaction, which is the engine's",
  },
  { when: /^COPY\b.*\bPROGRAM\b/i, text: 'it runs a program on the server' },
  { when: /^COPY\b.*\b(STDIN|STDOUT)\b/i, text: 'it needs a client that sends or takes rows' },
  {
    when: /^(SET|RESET)\s+((LOCAL|SESSION)\s+)?(ROLE|SESSION\s+AUTHORIZATION)\b/i,
    text: 'it changes the role',
  },
  {
    when: /^(CREATE|ALTER|DROP)\s+(ROLE|USER(?!\s+MAPPING)|GROUP|DATABASE|TABLESPACE|SUBSCRIPTION|EXTENSION)\b|^ALTER\s+SYSTEM\b/i,
    text: 'it changes what is outside of the database, or needs a superuser',
  },
  { when: /\bCONCURRENTLY\b|^VACUUM\b/i, text: 'it cannot run in a transaction' },
  {
    when: /\b(dblink\w*|lo_import|lo_export|pg_read_\w*file|pg_ls_\w*dir\w*|pg_execute_server_program)\b/i,
    text: 'it reaches outside of the database',
  },
]

const odd: readonly Rule[] = [
  { when: /^DO\b|^CREATE\b.*\b(FUNCTION|PROCEDURE)\b|^CALL\b/i, text: 'runs code' },
  { when: /^DROP\s+TABLE\b|^TRUNCATE\b|^DELETE\b|^DROP\s+SCHEMA\b/i, text: 'loses rows' },
  { when: /^ALTER\s+TABLE\b.*\bDROP\s+(?!CONSTRAINT|DEFAULT|NOT\s+NULL|EXPRESSION|IDENTITY)/i, text: 'loses a column' },
  { when: /^DROP\b.*\bCASCADE\b/i, text: 'drops what depends on it too' },
]

const shortened = (statement: string) => (statement.length > 120 ? `${statement.slice(0, 120)} …` : statement)
