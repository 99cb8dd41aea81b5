import { expect, test } from 'vitest'
import type { DefinitionStep } from '../database/definitions/definition-steps.ts'
import { isLeftAlone } from './left-alone.ts'
import { neededRights } from './needed-rights.ts'
import { rightsProblems } from './rights-problems.ts'
import type { RoleRights } from './role-rights.ts'

const step = (kind: string, tag: string, owner: string | null = 'app', sql = 'SELECT 1;'): DefinitionStep => ({
  ...{ id: 1, kind, schema: null, tag, name: `${kind} ${tag}`, owner, section: 'pre-data', pass: 'main', sql },
  ...{ dependsOn: [], exclusiveLocks: [], sharedLocks: [] },
})
const nobody: RoleRights = {
  superuser: false,
  becomes: [],
  superusers: [],
  creates: [],
  present: [],
  subscribes: false,
  grants: { before: '', after: '' },
}

test.each<[string, DefinitionStep, Partial<RoleRights>, string[], string[], boolean]>([
  ['a table of our own', step('TABLE', 't'), {}, [], [], false],
  ['a table of a stranger', step('TABLE', 't', 'boss'), {}, ['OWNERS_NOT_OURS'], [], true],
  ['a table of a role that we may become', step('TABLE', 't', 'boss'), { becomes: ['boss'] }, [], [], false],
  ['a grant on it', step('ACL', 'TABLE t', 'boss'), {}, [], [], true],
  ['an extension', step('EXTENSION', 'x', null), {}, ['EXTENSION_RIGHTS'], ['EXTENSION_RIGHTS'], false],
  ['an extension that we may create', step('EXTENSION', 'x', null), { creates: ['x'] }, [], [], false],
  ['an extension that is there', step('EXTENSION', 'x', null), { present: ['x'] }, ['EXTENSION_RIGHTS'], [], true],
  ['an event trigger', step('EVENT TRIGGER', 'e', 'boss'), {}, ['EVENT_TRIGGER_RIGHTS'], [], true],
  ['a publication of tables', step('PUBLICATION', 'p', 'app', 'CREATE PUBLICATION p;'), {}, [], [], false],
  [
    'one of all',
    step('PUBLICATION', 'p', 'app', 'CREATE PUBLICATION p FOR ALL TABLES;'),
    {},
    ['PUBLICATION_RIGHTS'],
    [],
    true,
  ],
  ['one of a schema', step('PUBLICATION TABLES IN SCHEMA', 'p public'), {}, ['PUBLICATION_RIGHTS'], [], true],
  ['a subscription', step('SUBSCRIPTION', 's'), {}, ['SUBSCRIPTION_RIGHTS'], [], true],
  ['a subscription that we may make', step('SUBSCRIPTION', 's'), { subscribes: true }, [], [], true],
  ['a language', step('PROCEDURAL LANGUAGE', 'l'), {}, ['LANGUAGE_RIGHTS'], [], true],
  ['a wrapper', step('FOREIGN DATA WRAPPER', 'w'), {}, ['WRAPPER_RIGHTS'], [], true],
  ['defaults of a stranger', step('DEFAULT ACL', 'd', 'boss'), {}, ['DEFAULT_PRIVILEGES_RIGHTS'], [], true],
  ['our own defaults', step('DEFAULT ACL', 'd', 'app'), { becomes: ['app'] }, [], [], false],
  [
    'a function in C',
    step('FUNCTION', 'f()', 'app', 'CREATE FUNCTION f()\n    LANGUAGE c\n'),
    {},
    ['SUPERUSER_OBJECTS'],
    [],
    true,
  ],
  ['an operator class', step('OPERATOR CLASS', 'o'), {}, ['SUPERUSER_OBJECTS'], [], true],
  [
    'a grant by another role',
    step('ACL', 'TABLE t', 'app', 'SET SESSION AUTHORIZATION boss;\n'),
    {},
    ['SUPERUSER_OBJECTS'],
    [],
    true,
  ],
])('%s', (_, given, may, swap, inPlace, leftAlone) => {
  const rights = { ...nobody, ...may }
  const needed = neededRights([given], { noOwner: false })
  const codes = (strategy: 'swap' | 'in-place') =>
    rightsProblems(needed, rights, { strategy, role: 'app' }).map(({ code }) => code)
  expect(codes('swap')).toEqual(swap)
  expect(codes('in-place')).toEqual(inPlace)
  expect(isLeftAlone(given, { role: 'app', may: rights, noOwner: false })).toBe(leftAlone)
  expect(rightsProblems(needed, { ...nobody, superuser: true }, { strategy: 'swap', role: 'app' })).toEqual([])
})

test('a refusal names the objects, the statement that mends it, and how to do without', () => {
  const needed = neededRights([step('TABLE', 't', 'Big Boss'), step('EXTENSION', 'postgis', null)], { noOwner: false })
  const [owners, extension] = rightsProblems(needed, nobody, { strategy: 'swap', role: 'app' })
  expect(owners?.text).toContain('"Big Boss" (1, e.g. TABLE t)')
  expect(owners?.text).toContain('GRANT "Big Boss" TO app;')
  const grants = { before: 'ALTER ROLE app INHERIT; ', after: ' WITH INHERIT TRUE' }
  const [notInherited] = rightsProblems(needed, { ...nobody, grants }, { strategy: 'swap', role: 'app' })
  expect(notInherited?.text).toContain('ALTER ROLE app INHERIT; GRANT "Big Boss" TO app WITH INHERIT TRUE;')
  expect(extension?.text).toContain("{leaveOut} 'EXTENSION postgis'")
  for (const leaveOut of [['EXTENSION postgis'], ['extensions']])
    expect(rightsProblems(needed, nobody, { strategy: 'swap', role: 'app', leaveOut })).toHaveLength(1)
})

test('to become a superuser is not advised', () => {
  const needed = neededRights([step('TABLE', 't', 'boss'), step('TABLE', 'u', 'root')], { noOwner: false })
  const textOf = (superusers: string[]) =>
    rightsProblems(needed, { ...nobody, superusers }, { strategy: 'swap', role: 'app' }).map(({ text }) => text)
  expect(textOf(['root']).join()).toMatch(/GRANT boss TO app; Or restore with/)
  expect(textOf(['root', 'boss']).join()).not.toContain('GRANT')
})
