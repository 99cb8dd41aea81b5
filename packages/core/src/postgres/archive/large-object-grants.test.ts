import { expect, test } from 'vitest'
import { largeObjectGrants } from './large-object-grants.ts'

test.each([
  [null, ''],
  [['bob=rw/bob'], ''],
  [[], 'REVOKE ALL ON LARGE OBJECT 1 FROM "bob";\n'],
  [['bob=rw/bob', '=r/bob'], 'GRANT SELECT ON LARGE OBJECT 1 TO PUBLIC;\n'],
  [['bob=r/bob'], 'REVOKE ALL ON LARGE OBJECT 1 FROM "bob";\nGRANT SELECT ON LARGE OBJECT 1 TO "bob";\n'],
  [
    ['bob=rw/bob', 'eve=r*w/bob'],
    'GRANT UPDATE ON LARGE OBJECT 1 TO "eve";\nGRANT SELECT ON LARGE OBJECT 1 TO "eve" WITH GRANT OPTION;\n',
  ],
  [['bob=rw/bob', '"a ""=/"=r*w*/bob'], 'GRANT ALL ON LARGE OBJECT 1 TO "a ""=/" WITH GRANT OPTION;\n'],
  [
    ['bob=rw/bob', 'x=w/"E v"'],
    'SET SESSION AUTHORIZATION "E v";\nGRANT UPDATE ON LARGE OBJECT 1 TO "x";\nRESET SESSION AUTHORIZATION;\n',
  ],
])('%j', (acl, expected) => {
  expect(largeObjectGrants({ oid: 1, owner: 'bob', acl })).toBe(expected)
})

test('unknown rights are refused', () => {
  expect(() => largeObjectGrants({ oid: 1, owner: 'bob', acl: ['bob=X/bob'] })).toThrow('rights')
})
