import { DatabaseError } from 'pg'

/**
 * A server's error without the values of rows. Servers quote them: in the message (`invalid input syntax for type
 * integer: "..."`), in the detail (`Key (email)=(...) already exists.`) and in the context of a COPY. Errors are
 * logged, kept with jobs and sent to clients, none of which may hold what is in the tables.
 *
 * Decided by SQLSTATE: of the classes 22 (data) and 23 (constraints) only names are kept. No text is understood.
 */
export function withoutRowValues(error: DatabaseError): DatabaseError {
  const isAboutRows = /^2[23]/.test(error.code ?? '')
  const { severity, code, schema, table, column, dataType, constraint, file, line, routine, hint } = error
  // Constraints are named in the messages of class 23, values are not.
  const message = error.code?.startsWith('22') ? error.message.replace(/"(?:[^"]|"")*"/g, '"..."') : error.message
  return Object.assign(new DatabaseError(message, error.length, error.name), {
    ...{ severity, code, schema, table, column, dataType, constraint, file, line, routine },
    ...(isAboutRows ? {} : { hint, detail: error.detail }),
    where: placeOf(error.where),
  })
}

/**
 * `COPY users, line 3, column age`: where a COPY was, without the text that follows, and the functions that were running.
 * Other contexts (statements, expressions) are left out.
 */
function placeOf(where: string | undefined): string | undefined {
  const lines = (where ?? '').split('\n')
  const places = lines.flatMap((line) => /^COPY [^:]*/.exec(line)?.[0] ?? functionPlace.exec(line)?.[0] ?? [])
  return places.length > 0 ? places.slice(0, 5).join('; ') : undefined
}

/** `SQL function "f" during inlining`, `PL/pgSQL function f(text) line 3 at RETURN`. */
const functionPlace = /^(?:SQL|PL\/\w+) function (?:"[^"]*"|[^:"]*).{0,100}$/
