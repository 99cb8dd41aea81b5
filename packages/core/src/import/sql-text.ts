/** The few forms of SQL that pg_dump writes into a table of contents and that an import has to understand. */

const name = String.raw`"(?:[^"]|"")+"|[^\s"'(),.;]+`
const copy = new RegExp(
  String.raw`^COPY (${name})\.(${name}) +(?:\(((?:${name})(?:, (?:${name}))*)\) )?FROM stdin;\n?$`,
  'u',
)

/** `COPY public."a b" (id, "c d") FROM stdin;`; null for anything else. */
export function parseCopy(statement: string): { schema: string; name: string; columns: string[] } | null {
  const match = copy.exec(statement)
  if (!match) return null
  const [, schema = '', table = '', list = ''] = match
  const columns = [...list.matchAll(new RegExp(name, 'gu'))].map(([column]) => unquoteName(column))
  return { schema: unquoteName(schema), name: unquoteName(table), columns }
}

const literal = String.raw`(?:'(?:[^']|'')*'|E'(?:[^'\\]|''|\\\\)*')`
const setval = new RegExp(
  String.raw`^SELECT pg_catalog\.setval\(\s*(${literal}), (-?\d{1,20}), (true|false)\);\n?$`,
  'u',
)

/** `SELECT pg_catalog.setval('public.seq', 42, true);`; null for anything else. */
export function parseSetval(statement: string): { last_value: string; is_called: boolean } | null {
  const match = setval.exec(statement.trimEnd())
  return match ? { last_value: match[2] ?? '', is_called: match[3] === 'true' } : null
}

/** A quoted text, with or without `E`, as its value. */
export function unquoteText(text: string): string {
  const plain = text.trim().replace(/^E?'/, '').slice(0, -1).replaceAll("''", "'")
  return text.trim().startsWith('E') ? plain.replaceAll('\\\\', '\\') : plain
}

export function unquoteName(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text
}

const of = (oid: number) => `LARGE OBJECT ${oid}`

/** `COMMENT ON LARGE OBJECT 1 IS 'text';`; null for anything else. */
export function parseLargeObjectComment(statement: string, oid: number): string | null {
  const match = new RegExp(String.raw`^COMMENT ON ${of(oid)} IS\s+(${literal});\n?$`, 'u').exec(statement.trimEnd())
  return match ? unquoteText(match[1] ?? '') : null
}

/** `SECURITY LABEL FOR provider ON LARGE OBJECT 1 IS 'text';`, one a line; null for anything else. */
export function parseLargeObjectLabels(statements: string, oid: number): { provider: string; label: string }[] | null {
  const one = new RegExp(String.raw`SECURITY LABEL FOR (${name}) ON ${of(oid)} IS\s+(${literal});\s*`, 'uy')
  const labels: { provider: string; label: string }[] = []
  const text = statements.trimStart()
  while (one.lastIndex < text.length) {
    const match = one.exec(text)
    if (!match) return null
    labels.push({ provider: unquoteName(match[1] ?? ''), label: unquoteText(match[2] ?? '') })
  }
  return labels
}

/**
 * GRANT and REVOKE of one large object as the aclitems they make of the default (everything for the owner); null for
 * anything else.
 */
export function parseLargeObjectGrants(statements: string, oid: number, owner: string): string[] | null {
  const rights = new Map<string, { grantee: string; grantor: string; letters: Map<string, boolean> }>()
  let grantor = owner
  const at = (grantee: string) => {
    const key = JSON.stringify([grantee, grantor])
    const found = rights.get(key) ?? { grantee, grantor, letters: new Map<string, boolean>() }
    rights.set(key, found)
    return found.letters
  }
  for (const letter of 'rw') at(owner).set(letter, false)
  const place = `ON ${of(oid)}`
  const forms: [RegExp, (match: RegExpExecArray) => void][] = [
    [new RegExp(`^REVOKE ALL ${place} FROM (${name});$`, 'u'), ([, role = '']) => void at(granteeOf(role)).clear()],
    [
      new RegExp(
        `^GRANT ((?:ALL|SELECT|UPDATE)(?:, ?(?:SELECT|UPDATE))*) ${place} TO (${name})( WITH GRANT OPTION)?;$`,
        'u',
      ),
      ([, list = '', role = '', option]) => {
        for (const letter of lettersOf(list)) at(granteeOf(role)).set(letter, option !== undefined)
      },
    ],
    [
      new RegExp(`^SET SESSION AUTHORIZATION (${name});$`, 'u'),
      ([, role = '']) => {
        grantor = unquoteName(role)
      },
    ],
    [
      /^RESET SESSION AUTHORIZATION;$/,
      () => {
        grantor = owner
      },
    ],
  ]
  for (const line of statements.split('\n').filter(Boolean)) {
    const known = forms.some(([form, apply]) => {
      const match = form.exec(line)
      if (match) apply(match)
      return match !== null
    })
    if (!known) return null
  }
  return [...rights.values()]
    .filter(({ letters }) => letters.size > 0)
    .map(({ grantee, grantor: by, letters }) => {
      const text = [...letters].map(([letter, option]) => `${letter}${option ? '*' : ''}`).join('')
      return `${aclName(grantee)}=${text}/${aclName(by)}`
    })
}

const granteeOf = (role: string): string => (role === 'PUBLIC' ? '' : unquoteName(role))
const lettersOf = (list: string): string[] =>
  list === 'ALL' ? ['r', 'w'] : list.split(/, ?/).map((right) => (right === 'SELECT' ? 'r' : 'w'))
const aclName = (role: string): string => (/^[A-Za-z0-9_]*$/.test(role) ? role : `"${role.replaceAll('"', '""')}"`)
