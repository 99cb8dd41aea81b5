import { quoteIdentifier } from '../identifiers.ts'
import { invalid } from './byte-reader.ts'

/**
 * The GRANT and REVOKE statements that turn a new large object's rights (everything for its owner) into `acl`; '' when
 * there is nothing to change.
 */
export function largeObjectGrants(object: { oid: number; owner: string; acl: readonly string[] | null }): string {
  if (object.acl === null) return ''
  const place = `ON LARGE OBJECT ${object.oid}`
  const items = object.acl.map(parseItem)
  const isDefault = (item: AclItem) =>
    item.grantee === object.owner && item.grantor === object.owner && item.plain === 'ALL' && item.grantable === ''
  const statements = items.some(isDefault) ? [] : [`REVOKE ALL ${place} FROM ${quoteIdentifier(object.owner)};`]
  for (const item of items.filter((each) => !isDefault(each))) {
    const grantee = item.grantee === '' ? 'PUBLIC' : quoteIdentifier(item.grantee)
    const granted = [
      ...(item.plain === '' ? [] : [`GRANT ${item.plain} ${place} TO ${grantee};`]),
      ...(item.grantable === '' ? [] : [`GRANT ${item.grantable} ${place} TO ${grantee} WITH GRANT OPTION;`]),
    ]
    if (item.grantor === object.owner) statements.push(...granted)
    else
      statements.push(
        `SET SESSION AUTHORIZATION ${quoteIdentifier(item.grantor)};`,
        ...granted,
        'RESET SESSION AUTHORIZATION;',
      )
  }
  return statements.map((statement) => `${statement}\n`).join('')
}

interface AclItem {
  /** '' is PUBLIC. */
  grantee: string
  grantor: string
  /** `ALL`, `SELECT`, `UPDATE` or ''. */
  plain: string
  grantable: string
}

/** `grantee=r*w/grantor`, names quoted where they need to be. */
function parseItem(text: string): AclItem {
  const match = /^((?:"(?:[^"]|"")*"|[^="])*)=((?:[rw]\*?)*)\/(.+)$/su.exec(text)
  if (match === null) throw invalid('the rights of a large object are not understood')
  const [, grantee = '', letters = '', grantor = ''] = match
  const rights = [...letters.matchAll(/([rw])(\*?)/g)].map(([, letter, star]) => ({
    name: letter === 'r' ? 'SELECT' : 'UPDATE',
    grantable: star === '*',
  }))
  const list = (grantable: boolean) => {
    const names = rights.filter((right) => right.grantable === grantable).map((right) => right.name)
    return names.length === 2 ? 'ALL' : names.join(',')
  }
  return { grantee: unquote(grantee), grantor: unquote(grantor), plain: list(false), grantable: list(true) }
}

function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name
}
