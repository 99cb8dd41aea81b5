import { quoteIdentifier } from '../../../postgres/identifiers.ts'

/**
 * Puts other roles in the place of those a definition names: grantees and grantors of grants, the roles of default
 * privileges and policies, the user of a user mapping. (Owners are not in definitions.)
 *
 * Follows the tokens as pg_dump writes them - keywords in capitals, names in lower case or quoted - and changes nothing
 * but the names.
 */
export function mapRoles(sql: string, kind: string, roleMap: Readonly<Record<string, string>> | undefined): string {
  // The kind is what the archive says.
  const keywords = Object.hasOwn(roleKeywords, kind) ? roleKeywords[kind] : undefined
  if (keywords === undefined || roleMap === undefined || Object.keys(roleMap).length === 0) return sql
  let depth = 0
  let state: 'elsewhere' | 'before role' | 'after role' = 'elsewhere'
  return sql.replace(tokenPattern, (token) => {
    if (/^\s/.test(token)) return token
    if (token === '(') depth++
    if (token === ')') depth--
    if (depth > 0) return token
    if (state === 'before role' && token !== 'PUBLIC' && isName(token)) {
      state = 'after role'
      const role = token.startsWith('"') ? token.slice(1, -1).replaceAll('""', '"') : token
      return Object.hasOwn(roleMap, role) ? quoteIdentifier(roleMap[role] as string) : token
    }
    const listGoesOn = state !== 'elsewhere' && (token === ',' || token === 'PUBLIC')
    if (listGoesOn) state = token === ',' ? 'before role' : 'after role'
    else state = keywords.includes(token) ? 'before role' : 'elsewhere'
    return token
  })
}

/** The keywords a role follows, by kind of entry. */
const roleKeywords: Record<string, readonly string[] | undefined> = {
  ACL: ['TO', 'FROM', 'AUTHORIZATION'],
  'DEFAULT ACL': ['ROLE', 'TO', 'FROM', 'AUTHORIZATION'],
  POLICY: ['TO'],
  'USER MAPPING': ['FOR'],
}

/** Space, a string, a quoted name, a word, or any other one character. */
const tokenPattern = /\s+|E'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*|[\s\S]/gu

function isName(token: string): boolean {
  return token.startsWith('"') || /^[\p{L}_]/u.test(token)
}
