import { expect, test } from 'vitest'
import type { ForeignKey, Relation } from '../rewind/foreign-keys.ts'
import { tenantPaths } from './tenant-paths.ts'

const relation = (name: string): Relation => ({
  ...{ oid: name.charCodeAt(0), schema: 'public', name, partitioned: false, leaves: [name.charCodeAt(0)], owned: true },
})
const key = (child: string, column: string, parent: string): ForeignKey => ({
  ...{ name: `${child}_${column}`, child: relation(child), parent: relation(parent), columns: [column] },
  ...{ referenced: ['id'], operators: ['OPERATOR(pg_catalog.=)'], validated: true, definition: '', comment: null },
  ordinary: true,
})

test.each<[string, ForeignKey[], Record<string, string[]>]>([
  ['no foreign key', [], { org: [] }],
  [
    'a chain, in any order',
    [key('line', 'doc', 'doc'), key('doc', 'usr', 'usr'), key('usr', 'org', 'org')],
    { org: [], usr: ['org'], doc: ['usr'], line: ['doc'] },
  ],
  [
    'the shorter of two ways',
    [key('usr', 'org', 'org'), key('doc', 'usr', 'usr'), key('doc', 'org', 'org')],
    { org: [], usr: ['org'], doc: ['org'] },
  ],
  [
    'two of equal length',
    [key('usr', 'org', 'org'), key('doc', 'from', 'usr'), key('doc', 'to', 'usr')],
    { org: [], usr: ['org'], doc: ['from', 'to'] },
  ],
  [
    'what the tenant table points to, itself, and what others point to is not reached',
    [key('org', 'plan', 'plan'), key('org', 'parent', 'org'), key('usr', 'org', 'org'), key('usr', 'kind', 'kind')],
    { org: [], usr: ['org'] },
  ],
  [
    'tables that point to each other, and to themselves',
    [key('usr', 'org', 'org'), key('usr', 'last', 'doc'), key('doc', 'usr', 'usr'), key('doc', 'follows', 'doc')],
    { org: [], usr: ['org'], doc: ['usr'] },
  ],
])('by which columns tables lead to the tenant table: %s', (_, keys, expected) => {
  const found = [...tenantPaths(relation('org'), keys).values()].map(({ relation: { name }, via }) => [
    name,
    via.map(({ columns }) => columns[0]!),
  ])
  expect(Object.fromEntries(found)).toEqual(expected)
})
