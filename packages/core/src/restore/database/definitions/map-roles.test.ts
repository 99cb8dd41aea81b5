import { expect, test } from 'vitest'
import { mapRoles } from './map-roles.ts'

const roleMap = { bob: 'robert', 'Odd "one"': 'to', to: 'x', app: 'wrong', public: 'wrong', SELECT: 'wrong' }

test.each([
  ['ACL', 'GRANT SELECT ON TABLE app.bob TO bob;', 'GRANT SELECT ON TABLE app.bob TO "robert";'],
  ['ACL', 'GRANT ALL ON SCHEMA app TO PUBLIC;', 'GRANT ALL ON SCHEMA app TO PUBLIC;'],
  [
    'ACL',
    'REVOKE ALL ON FUNCTION app.f(bob app.bob) FROM bob;',
    'REVOKE ALL ON FUNCTION app.f(bob app.bob) FROM "robert";',
  ],
  [
    'ACL',
    'GRANT SELECT(bob),UPDATE(a) ON TABLE "TO"."FROM" TO "Odd ""one""" WITH GRANT OPTION;',
    'GRANT SELECT(bob),UPDATE(a) ON TABLE "TO"."FROM" TO "to" WITH GRANT OPTION;',
  ],
  [
    'ACL',
    'SET SESSION AUTHORIZATION bob;\nGRANT USAGE ON TYPE t TO other;\nRESET SESSION AUTHORIZATION;\n',
    'SET SESSION AUTHORIZATION "robert";\nGRANT USAGE ON TYPE t TO other;\nRESET SESSION AUTHORIZATION;\n',
  ],
  [
    'ACL',
    'GRANT ALL ON LARGE OBJECT 12 TO bob;\nGRANT ALL ON LARGE OBJECT 12 TO "to";',
    'GRANT ALL ON LARGE OBJECT 12 TO "robert";\nGRANT ALL ON LARGE OBJECT 12 TO "x";',
  ],
  [
    'DEFAULT ACL',
    'ALTER DEFAULT PRIVILEGES FOR ROLE bob IN SCHEMA bob GRANT SELECT ON TABLES  TO bob;',
    'ALTER DEFAULT PRIVILEGES FOR ROLE "robert" IN SCHEMA bob GRANT SELECT ON TABLES  TO "robert";',
  ],
  [
    'POLICY',
    `CREATE POLICY bob ON app.bob FOR UPDATE TO bob, PUBLIC, "to" USING ((bob = 'TO bob'::text)) WITH CHECK ((a = "bob"));`,
    `CREATE POLICY bob ON app.bob FOR UPDATE TO "robert", PUBLIC, "x" USING ((bob = 'TO bob'::text)) WITH CHECK ((a = "bob"));`,
  ],
  [
    'USER MAPPING',
    `CREATE USER MAPPING FOR bob SERVER bob OPTIONS (\n    "user" 'FOR bob'\n);`,
    `CREATE USER MAPPING FOR "robert" SERVER bob OPTIONS (\n    "user" 'FOR bob'\n);`,
  ],
  ['FUNCTION', 'CREATE FUNCTION f() TO bob', 'CREATE FUNCTION f() TO bob'],
])('%s: %s', (kind, sql, expected) => {
  expect(mapRoles(sql, kind, roleMap)).toBe(expected)
})

test('without a map nothing changes', () => {
  const sql = 'GRANT SELECT ON TABLE t TO bob;'
  expect(mapRoles(sql, 'ACL', undefined)).toBe(sql)
  expect(mapRoles(sql, 'ACL', {})).toBe(sql)
})

test('an unbalanced text comes back as it was', () => {
  const sql = `GRANT "unclosed TO 'bob ( TO bob`
  expect(mapRoles(sql, 'POLICY', roleMap)).toBe(sql)
})
