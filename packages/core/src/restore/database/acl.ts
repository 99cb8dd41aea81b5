import { quoteIdentifier } from '../../postgres/identifiers.ts'

/** One aclitem: `grantee=privileges/grantor`. An empty grantee is PUBLIC. */
export interface AclItem {
  grantee: string
  privileges: { name: string; grantable: boolean }[]
}

const privilegeNames: Record<string, string> = {
  r: 'SELECT',
  w: 'UPDATE',
  C: 'CREATE',
  T: 'TEMPORARY',
  c: 'CONNECT',
}

/** Reads an aclitem as PostgreSQL prints it. Letters of privileges that we do not know are left out. Pure. */
export function parseAclItem(text: string): AclItem {
  const [grantee, rest] = readName(text)
  const letters = rest.startsWith('=') ? (rest.slice(1).split('/', 1)[0] ?? '') : ''
  const privileges = [...letters.matchAll(/([A-Za-z])(\*?)/g)].flatMap(([, letter = '', star]) => {
    const name = privilegeNames[letter]
    return name ? [{ name, grantable: star === '*' }] : []
  })
  return { grantee, privileges }
}

/**
 * Statements that give `object` (e.g. `DATABASE "app"`) exactly these grants, whatever it has by default. `null` means
 * the default grants: nothing to do. Pure.
 */
export function grantStatements(
  object: string,
  acl: readonly string[] | null,
  options: { owner: string; roleMap: Record<string, string>; exists: (role: string) => boolean },
): string[] {
  if (acl === null) return []
  const named = (role: string) => (Object.hasOwn(options.roleMap, role) ? (options.roleMap[role] ?? role) : role)
  const role = (grantee: string) => (grantee === '' ? 'PUBLIC' : quoteIdentifier(named(grantee)))
  const statements = [`REVOKE ALL ON ${object} FROM PUBLIC`]
  if (options.exists(named(options.owner))) statements.push(`REVOKE ALL ON ${object} FROM ${role(options.owner)}`)
  for (const { grantee, privileges } of acl.map(parseAclItem)) {
    if (grantee !== '' && !options.exists(named(grantee))) continue
    for (const grantable of [false, true]) {
      const names = privileges.filter((privilege) => privilege.grantable === grantable).map(({ name }) => name)
      if (names.length === 0) continue
      const suffix = grantable ? ' WITH GRANT OPTION' : ''
      statements.push(`GRANT ${names.join(', ')} ON ${object} TO ${role(grantee)}${suffix}`)
    }
  }
  return statements
}

/** A name at the beginning, quoted with doubled quotes where needed, and what follows it. */
function readName(text: string): [string, string] {
  if (!text.startsWith('"')) {
    const end = text.indexOf('=')
    return end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end)]
  }
  const match = /^"((?:[^"]|"")*)"/.exec(text)
  return match ? [(match[1] ?? '').replaceAll('""', '"'), text.slice(match[0].length)] : [text, '']
}
