import { expect, test } from 'vitest'
import { type Actor, isAllowed, permissions, type Role, rolePermissions, roles } from './permissions.ts'

test('roles include each other, and the administrator has everything', () => {
  expect(rolePermissions.operator).toEqual(expect.arrayContaining([...rolePermissions.viewer]))
  expect([...rolePermissions.admin].sort()).toEqual([...permissions].sort())
  expect(roles).toEqual(Object.keys(rolePermissions))
})

test.each([
  ['viewer', 'backups:read', true],
  ['viewer', 'backups:create', false],
  ['operator', 'backups:create', true],
  ['operator', 'backups:download', false],
  ['operator', 'restores:run', false],
  ['operator', 'rows:query', false],
  ['operator', 'config:write', false],
  ['admin', 'restores:run', true],
] as const)('%s and %s: %s', (role, permission, expected) => {
  expect(isAllowed({ id: 'u', role }, permission)).toBe(expected)
})

test('permissions add to a role; without either nothing is allowed', () => {
  expect(isAllowed({ id: 'u', role: 'viewer', permissions: ['backups:create'] }, 'backups:create')).toBe(true)
  expect(isAllowed({ id: 'u', permissions: ['audit:read'] }, 'audit:read')).toBe(true)
  for (const permission of permissions) expect(isAllowed({ id: 'u' }, permission)).toBe(false)
})

test('a role that is not one allows nothing', () => {
  for (const role of ['root', 'constructor', '__proto__', ''])
    expect(isAllowed({ id: 'u', role: role as Role } satisfies Actor, 'backups:read')).toBe(false)
})
