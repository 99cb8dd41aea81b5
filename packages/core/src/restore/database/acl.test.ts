import { expect, test } from 'vitest'
import type { DatabaseProperties } from '../../repository/documents/documents.ts'
import { grantStatements, parseAclItem } from './acl.ts'
import { createDatabaseSql } from './create-database.ts'
import { propertyStatements } from './database-properties.ts'

test.each([
  ['=Tc/app', '', ['TEMPORARY', 'CONNECT'], false],
  ['app=CTc/app', 'app', ['CREATE', 'TEMPORARY', 'CONNECT'], false],
  ['reader=c*/app', 'reader', ['CONNECT'], true],
  ['"a=b ""c"/x"=r/app', '', [], false],
  ['"a=b ""c"""=rw/"o/w"', 'a=b "c"', ['SELECT', 'UPDATE'], false],
  ['app=', 'app', [], false],
  ['app', 'app', [], false],
  ['app=?z/app', 'app', [], false],
])('aclitem %s', (text, grantee, names, grantable) => {
  const item = parseAclItem(text)
  if (names.length === 0) return expect(item.privileges).toEqual([])
  expect(item).toEqual({ grantee, privileges: names.map((name) => ({ name, grantable })) })
})

test('grants are set from nothing, mapped, and left out for roles that are not there', () => {
  const options = { owner: 'old', roleMap: { old: 'n"ew' }, exists: (role: string) => role !== 'gone' }
  expect(grantStatements('DATABASE "d"', ['=c/old', 'old=CTc/old', 'gone=c/old', 'r=c*T/old'], options)).toEqual([
    'REVOKE ALL ON DATABASE "d" FROM PUBLIC',
    'REVOKE ALL ON DATABASE "d" FROM "n""ew"',
    'GRANT CONNECT ON DATABASE "d" TO PUBLIC',
    'GRANT CREATE, TEMPORARY, CONNECT ON DATABASE "d" TO "n""ew"',
    'GRANT TEMPORARY ON DATABASE "d" TO "r"',
    'GRANT CONNECT ON DATABASE "d" TO "r" WITH GRANT OPTION',
  ])
  expect(grantStatements('DATABASE "d"', null, options)).toEqual([])
})

const properties: DatabaseProperties = {
  owner: 'app',
  acl: null,
  encoding: 'UTF8',
  collate: 'C',
  ctype: 'C',
  locale_provider: 'c',
  locale: null,
  icu_rules: null,
  collation_version: null,
  connection_limit: -1,
  tablespace: 'pg_default',
  comment: null,
  settings: [],
  labels: [],
}

test('settings keep their values, lists their parts, whatever is in them', () => {
  const settings = [
    { role: null, setting: 'work_mem=5MB' },
    { role: null, setting: 'search_path="$user", public, "a, ""b"' },
    { role: null, setting: 'search_path=""' },
    { role: 'app', setting: "my.setting=it's = x" },
    { role: 'gone', setting: 'work_mem=1' },
    { role: null, setting: '=nothing' },
  ]
  const options = { noOwner: true, noPrivileges: true, roleMap: {}, exists: (role: string) => role === 'app' }
  expect(propertyStatements('d"b', { ...properties, settings }, options)).toEqual([
    `ALTER DATABASE "d""b" SET "work_mem" TO '5MB'`,
    `ALTER DATABASE "d""b" SET "search_path" TO '$user', 'public', 'a, "b'`,
    `ALTER DATABASE "d""b" SET "search_path" TO ''`,
    `ALTER ROLE "app" IN DATABASE "d""b" SET "my"."setting" TO 'it''s = x'`,
  ])
})

test('owner and labels', () => {
  const options = { noOwner: false, noPrivileges: false, roleMap: { app: 'web' }, exists: () => true }
  const labels = [{ provider: 'p', label: "l'" }]
  expect(propertyStatements('d', { ...properties, labels }, options)).toEqual([
    `SECURITY LABEL FOR "p" ON DATABASE "d" IS 'l'''`,
    'ALTER DATABASE "d" OWNER TO "web"',
  ])
})

test.each([
  [{}, `LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER "libc"`],
  [
    { locale_provider: 'i', locale: 'de-x', icu_rules: '&a<b' },
    `LOCALE_PROVIDER "icu" ICU_LOCALE 'de-x' ICU_RULES '&a<b'`,
  ],
  [{ locale_provider: 'b', locale: 'C.UTF-8' }, `LOCALE_PROVIDER "builtin" BUILTIN_LOCALE 'C.UTF-8'`],
  [{ encoding: `x'; DROP` }, `ENCODING 'x''; DROP'`],
])('a database is made with %j', (given, expected) => {
  expect(createDatabaseSql('n"', { ...properties, ...given }, { tablespace: null, owner: null })).toContain(expected)
})
