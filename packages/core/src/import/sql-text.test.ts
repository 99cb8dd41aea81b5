import { expect, test } from 'vitest'
import {
  parseCopy,
  parseLargeObjectComment,
  parseLargeObjectGrants,
  parseLargeObjectLabels,
  parseSetval,
} from './sql-text.ts'

test.each([
  ['COPY public.t (id, "a, b", "c""d") FROM stdin;\n', { schema: 'public', name: 't', columns: ['id', 'a, b', 'c"d'] }],
  ['COPY "we ""ird"."t\'a\\b" ("c o""l") FROM stdin;\n', { schema: 'we "ird', name: "t'a\\b", columns: ['c o"l'] }],
  ['COPY public.nothing  FROM stdin;\n', { schema: 'public', name: 'nothing', columns: [] }],
  ['COPY public.größe (größe) FROM stdin;\n', { schema: 'public', name: 'größe', columns: ['größe'] }],
  ['COPY public.t (id) FROM stdin; DROP TABLE t;\n', null],
  ["COPY public.t (id) FROM PROGRAM 'id';\n", null],
  ["COPY public.t (id) FROM '/etc/passwd';\n", null],
  ['COPY t (id) FROM stdin;\n', null],
])('%j', (statement, parsed) => {
  expect(parseCopy(statement)).toEqual(parsed)
})

test.each([
  ["SELECT pg_catalog.setval('public.s', 42, true);\n", { last_value: '42', is_called: true }],
  ["SELECT pg_catalog.setval('public.\"it''s\"', -1, false);\n", { last_value: '-1', is_called: false }],
  ['SELECT pg_catalog.setval( E\'public."a\\\\b"\', 1, false);\n', { last_value: '1', is_called: false }],
  ["SELECT pg_catalog.setval('public.s', 42, true); DROP TABLE t;\n", null],
  ["SELECT pg_catalog.setval('public.s', (SELECT 1), true);\n", null],
])('%j', (statement, parsed) => {
  expect(parseSetval(statement)).toEqual(parsed)
})

test('what is said of a large object', () => {
  expect(parseLargeObjectComment("COMMENT ON LARGE OBJECT 5 IS 'it''s a\\b';\n", 5)).toBe("it's a\\b")
  expect(parseLargeObjectComment("COMMENT ON LARGE OBJECT 6 IS 'x';\n", 5)).toBe(null)
  expect(parseLargeObjectComment("COMMENT ON LARGE OBJECT 5 IS 'x'; DROP TABLE t;\n", 5)).toBe(null)
  const labels =
    "SECURITY LABEL FOR a ON LARGE OBJECT 5 IS 'x';\nSECURITY LABEL FOR \"b c\" ON LARGE OBJECT 5 IS 'y';\n"
  expect(parseLargeObjectLabels(labels, 5)).toEqual([
    { provider: 'a', label: 'x' },
    { provider: 'b c', label: 'y' },
  ])
  expect(parseLargeObjectLabels(`${labels}DROP TABLE t;`, 5)).toBe(null)
})

test.each([
  ['GRANT SELECT ON LARGE OBJECT 5 TO PUBLIC;\n', ['me=rw/me', '=r/me']],
  ['GRANT SELECT,UPDATE ON LARGE OBJECT 5 TO "a b" WITH GRANT OPTION;\n', ['me=rw/me', '"a b"=r*w*/me']],
  ['REVOKE ALL ON LARGE OBJECT 5 FROM me;\nGRANT SELECT ON LARGE OBJECT 5 TO me;\n', ['me=r/me']],
  [
    'GRANT ALL ON LARGE OBJECT 5 TO a WITH GRANT OPTION;\nSET SESSION AUTHORIZATION a;\nGRANT UPDATE ON LARGE OBJECT 5 TO b;\nRESET SESSION AUTHORIZATION;\n',
    ['me=rw/me', 'a=r*w*/me', 'b=w/a'],
  ],
  ['GRANT SELECT ON LARGE OBJECT 6 TO PUBLIC;\n', null],
  ['GRANT SELECT ON LARGE OBJECT 5 TO PUBLIC; DROP TABLE t;\n', null],
])('%j', (statements, acl) => {
  expect(parseLargeObjectGrants(statements, 5, 'me')).toEqual(acl)
})
