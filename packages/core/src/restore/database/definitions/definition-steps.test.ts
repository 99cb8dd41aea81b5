import { describe, expect, test } from 'vitest'
import { isEngineError } from '../../../errors.ts'
import type { Archive, TocEntry } from '../../../postgres/archive/archive.ts'
import { newEntry } from '../../../postgres/archive/data-entries.ts'
import { type DefinitionOptions, definitionSettings, definitionSteps, stepsConflict } from './definition-steps.ts'

function archive(entries: (Pick<TocEntry, 'dumpId' | 'kind' | 'section'> & Partial<TocEntry>)[]): Archive {
  return {
    header: {
      version: 16,
      offsetBytes: 8,
      compression: { algorithm: 'none', level: 0 },
      createdAt: { second: 0, minute: 0, hour: 0, day: 1, month: 0, year: 70, daylightSaving: 0 },
      database: 'db',
      serverVersion: '17',
      dumpVersion: '17',
      text: 'utf8',
    },
    entries: entries.map((entry) => newEntry({ tag: `o${entry.dumpId}`, definition: 'SELECT 1;\n', ...entry })),
  }
}

const table = (dumpId: number, more: Partial<TocEntry> = {}) =>
  ({ dumpId, kind: 'TABLE', section: 'pre-data', schema: 's', ...more }) as const
const rows = (dumpId: number, of: number) => ({
  dumpId,
  kind: 'TABLE DATA',
  section: 'data' as const,
  hasData: true,
  dependencies: [of],
})
const later = (dumpId: number, kind: string, dependencies: number[], more: Partial<TocEntry> = {}) =>
  ({ dumpId, kind, section: 'post-data', dependencies, ...more }) as const

const sqlOf = (entry: Parameters<typeof archive>[0][number], options: DefinitionOptions = {}) =>
  definitionSteps(archive([entry]), options)[0]?.sql

describe('statements', () => {
  test('tablespace, access method and owner go around the definition', () => {
    const entry = table(1, {
      tablespace: 'fast "x"',
      accessMethod: 'heap',
      owner: 'bob',
      dropStatement: 'DROP TABLE s.o1;',
    })
    expect(sqlOf(entry)).toBe(
      [
        'SET default_tablespace = "fast ""x""";',
        'SET default_table_access_method = "heap";',
        'SELECT 1;',
        'ALTER TABLE "s"."o1" OWNER TO "bob";',
      ].join('\n'),
    )
    expect(sqlOf(entry, { noOwner: true, noTablespaces: true })).toBe(
      'SET default_table_access_method = "heap";\nSELECT 1;',
    )
    expect(sqlOf(entry, { roleMap: { bob: 'eve' } })).toContain('OWNER TO "eve"')
    expect(sqlOf(table(1, { tablespace: '' }))).toBe(`SET default_tablespace = '';\nSELECT 1;`)
  })

  test('a partitioned table gets its access method afterwards', () => {
    expect(sqlOf(table(1, { relkind: 'p', accessMethod: 'heap2' }))).toBe(
      'SELECT 1;\nALTER TABLE "s"."o1" SET ACCESS METHOD "heap2";',
    )
  })

  test.each([
    [
      'FUNCTION',
      'DROP FUNCTION s.f(a integer, "b;" text);\n',
      'ALTER FUNCTION s.f(a integer, "b;" text) OWNER TO "bob";',
    ],
    [
      'OPERATOR CLASS',
      'DROP OPERATOR CLASS s.c USING btree;\n',
      'ALTER OPERATOR CLASS s.c USING btree OWNER TO "bob";',
    ],
    ['EVENT TRIGGER', 'DROP EVENT TRIGGER o1;\n', 'ALTER EVENT TRIGGER "o1" OWNER TO "bob";'],
    ['FK CONSTRAINT', 'ALTER TABLE x DROP CONSTRAINT y;\n', ''],
    ['PROCEDURAL LANGUAGE', 'DROP PROCEDURAL LANGUAGE l;\n', 'ALTER PROCEDURAL LANGUAGE "o1" OWNER TO "bob";'],
  ])('owner of %s', (kind, dropStatement, expected) => {
    const sql = sqlOf({ dumpId: 1, kind, section: 'pre-data', dropStatement, owner: 'bob' })
    expect(sql).toBe(`SELECT 1;${expected === '' ? '' : `\n${expected}`}`)
  })

  test('what has no DROP statement has no owner, and an unknown kind with one is refused', () => {
    expect(sqlOf({ dumpId: 1, kind: 'NEW THING', section: 'pre-data', owner: 'bob' })).toBe('SELECT 1;')
    expect(() =>
      sqlOf({ dumpId: 1, kind: 'NEW THING', section: 'pre-data', owner: 'bob', dropStatement: 'DROP x' }),
    ).toThrow(expect.toSatisfy((error: unknown) => isEngineError(error, 'ARCHIVE_INVALID')))
  })

  test('schema public is not created, but given its owner', () => {
    const entry = {
      dumpId: 1,
      kind: 'SCHEMA',
      section: 'pre-data',
      tag: 'public',
      owner: 'bob',
      definition: '-- *not* creating schema, since initdb creates it\n',
      dropStatement: '-- *not* dropping schema, since initdb creates it\n',
    } as const
    expect(sqlOf(entry)).toMatch(/\nALTER SCHEMA "public" OWNER TO "bob";$/)
    expect(definitionSteps(archive([entry]), { noOwner: true })).toEqual([])
  })

  test('a subscription that would connect is refused', () => {
    const entry = (definition: string) => later(1, 'SUBSCRIPTION', [], { definition })
    expect(sqlOf(entry("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = false);"))).toBeDefined()
    expect(() => sqlOf(entry("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p;"))).toThrow('would connect')
  })

  test('grouped large objects are written out one by one', () => {
    const steps = definitionSteps(
      archive([
        {
          dumpId: 1,
          kind: 'BLOB METADATA',
          section: 'data',
          definition: '7\n8\n',
          owner: 'bob',
          dropStatement: '-- dummy',
        },
        {
          dumpId: 2,
          kind: 'ACL',
          section: 'none',
          tag: 'LARGE OBJECTS 7..8',
          definition: 'GRANT SELECT ON LARGE OBJECT 7 TO bob;\n',
          dependencies: [1],
        },
      ]),
      { roleMap: { bob: 'eve' } },
    )
    expect(steps.map((step) => step.sql)).toEqual([
      `SELECT pg_catalog.lo_create('7');\nALTER LARGE OBJECT 7 OWNER TO "eve";\nSELECT pg_catalog.lo_create('8');\nALTER LARGE OBJECT 8 OWNER TO "eve";`,
      'GRANT SELECT ON LARGE OBJECT 7 TO "eve";\n\nGRANT SELECT ON LARGE OBJECT 8 TO "eve";\n',
    ])
    expect(() => sqlOf({ dumpId: 1, kind: 'BLOB METADATA', section: 'data', definition: "7'); DROP\n" })).toThrow(
      'oids',
    )
  })
})

describe('order', () => {
  test('grants after everything, event triggers and refreshes last, comments with what they speak of', () => {
    const steps = definitionSteps(
      archive([
        { dumpId: 1, kind: 'ENCODING', section: 'pre-data', definition: "SET client_encoding = 'UTF8';\n" },
        { dumpId: 2, kind: 'DATABASE', section: 'pre-data' },
        { dumpId: 3, kind: 'COMMENT', section: 'none', tag: 'DATABASE db', dependencies: [2] },
        table(4),
        { dumpId: 5, kind: 'ACL', section: 'none', tag: 'TABLE o4', dependencies: [4] },
        { dumpId: 6, kind: 'COMMENT', section: 'none', tag: 'TABLE o4', dependencies: [4] },
        later(7, 'EVENT TRIGGER', []),
        { dumpId: 8, kind: 'COMMENT', section: 'none', tag: 'EVENT TRIGGER o7', dependencies: [7] },
        later(9, 'INDEX', [4]),
        { dumpId: 10, kind: 'COMMENT', section: 'none', tag: 'INDEX o9', dependencies: [9] },
        later(11, 'DEFAULT ACL', []),
        rows(12, 4),
      ]),
    )
    expect(steps.map(({ id, section, pass }) => [id, section, pass])).toEqual([
      [4, 'pre-data', 'main'],
      [6, 'pre-data', 'main'],
      [12, 'data', 'main'],
      [9, 'post-data', 'main'],
      [10, 'post-data', 'main'],
      [5, 'pre-data', 'acl'],
      [11, 'post-data', 'acl'],
      [7, 'post-data', 'final'],
      [8, 'post-data', 'final'],
    ])
  })

  test('post-data waits for the rows of its table, and for those of all partitions', () => {
    const steps = definitionSteps(
      archive([
        table(1),
        table(2, { tag: 'part' }),
        table(3, { tag: 'sub' }),
        { dumpId: 4, kind: 'TABLE ATTACH', section: 'pre-data', schema: 's', tag: 'part', dependencies: [2, 1] },
        { dumpId: 5, kind: 'TABLE ATTACH', section: 'pre-data', schema: 's', tag: 'sub', dependencies: [3, 2] },
        rows(6, 3),
        table(7),
        rows(8, 7),
        later(9, 'TRIGGER', [1]),
        later(10, 'FK CONSTRAINT', [7, 1, 999]),
      ]),
    )
    const edges = (id: number) => steps.find((step) => step.id === id)
    expect(edges(9)?.dependsOn.toSorted()).toEqual([1, 6])
    expect(edges(9)?.exclusiveLocks.toSorted()).toEqual([1, 2, 3])
    expect(edges(10)?.dependsOn.toSorted()).toEqual([1, 6, 7, 8])
  })

  test('what depended on a left-out entry depends on what that one depended on', () => {
    const steps = definitionSteps(
      archive([table(1), later(2, 'PUBLICATION', [1]), later(3, 'COMMENT', [2], { tag: 'x' })]),
      { noReplication: true },
    )
    expect(steps.find((step) => step.id === 3)?.dependsOn).toEqual([1])
  })

  test('a circle of dependencies does not hang', () => {
    const steps = definitionSteps(archive([table(1, { dependencies: [2] }), table(2, { dependencies: [1, 2] })]))
    expect(steps.map((step) => step.dependsOn)).toEqual([[2], [1]])
  })
})

describe('locks', () => {
  const steps = definitionSteps(
    archive([
      table(1),
      table(2),
      later(3, 'INDEX', [1]),
      later(4, 'INDEX', [1]),
      later(5, 'CONSTRAINT', [1]),
      later(6, 'FK CONSTRAINT', [1, 2]),
      later(7, 'TRIGGER', [2]),
      { dumpId: 8, kind: 'COMMENT', section: 'none', tag: 'CONSTRAINT x', dependencies: [5] },
      later(9, 'INDEX ATTACH', [3, 4]),
    ]),
  )
  const step = (id: number) => {
    const found = steps.find((each) => each.id === id)
    if (!found) throw new Error('no such step')
    return found
  }
  test.each([
    [3, 4, false],
    [3, 5, true],
    [5, 6, true],
    [6, 7, true],
    [5, 7, false],
    [3, 7, false],
    [8, 6, true],
    [9, 3, true],
  ])('%i and %i: %s', (a, b, conflict) => {
    expect(stepsConflict(step(a), step(b))).toBe(conflict)
    expect(stepsConflict(step(b), step(a))).toBe(conflict)
  })
})

describe('settings', () => {
  const strings = (value: string) =>
    archive([
      {
        dumpId: 1,
        kind: 'STDSTRINGS',
        section: 'pre-data',
        definition: `SET standard_conforming_strings = '${value}';\n`,
      },
    ])
  test('follow the archive', () => {
    expect(definitionSettings(strings('on'))).toContain('SET standard_conforming_strings = on')
    expect(definitionSettings(strings('off'))).toContain('SET standard_conforming_strings = off')
  })
})
