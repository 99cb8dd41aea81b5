import { expect, test } from 'vitest'
import { resolveBackup } from './resolve-backup.ts'

const backups = [
  { id: 'b111111111111111', number: 1, created_at: '2026-01-01T00:00:00Z', database: 'shop' },
  { id: 'b111122222222222', number: 2, created_at: '2026-01-02T00:00:00Z', database: 'shop' },
  { id: 'b333333333333333', number: 3, created_at: '2026-01-03T00:00:00Z', database: 'other' },
  { id: 'b444444444444444', number: 3, created_at: '2025-12-03T00:00:00Z', database: 'adopted' },
]

test.each([
  ['1', undefined, 'b111111111111111'],
  ['b333333333333333', undefined, 'b333333333333333'],
  ['b3333', undefined, 'b333333333333333'],
  ['latest', undefined, 'b333333333333333'],
  ['latest', 'shop', 'b111122222222222'],
])('%s of %s is %s', (reference, database, id) => {
  expect(resolveBackup(backups, reference, database).id).toBe(id)
})

test.each([
  ['9', 'BACKUP_NOT_FOUND'],
  ['b1', 'BACKUP_NOT_FOUND'],
  ['zzzz', 'BACKUP_NOT_FOUND'],
  ['b1111', 'BACKUP_AMBIGUOUS'],
  ['3', 'BACKUP_AMBIGUOUS'],
])('%s is refused with %s', (reference, code) => {
  expect(() => resolveBackup(backups, reference, undefined)).toThrow(expect.objectContaining({ code }))
})

test('latest never crosses databases', () => {
  expect(() => resolveBackup(backups, 'latest', 'absent')).toThrow(
    expect.objectContaining({ code: 'BACKUP_NOT_FOUND' }),
  )
})
