import { expect, test } from 'vitest'
import { type MeantDatabase, resolveBackup } from './resolve-backup.ts'

const of = (id: string, number: number, database: string, system_identifier = 's1', trigger = 'manual') => ({
  untrusted: id.startsWith('bq'),
  include_media: trigger === 'media' || number === 2,
  media_only: trigger === 'media',
  ...{ id, number, database, system_identifier, trigger },
})
const backups = [
  of('b111111111111111', 1, 'shop'),
  of('b111122222222222', 2, 'shop'),
  of('b333333333333333', 3, 'other'),
  of('b444444444444444', 3, 'adopted'),
  of('b555555555555555', 5, 'twice', 's1'),
  of('b666666666666666', 6, 'twice', 's2'),
  of('b777777777777777', 4, 'moved', 'lost server'),
  of('b888888888888888', 8, 'shop', 's1', 'pre_restore'),
  of('b999999999999999', 10, 'only safe', 's1', 'pre_restore'),
  of('bqaaaaaaaaaaaaaa', 11, 'shop', '0', 'import'),
  of('baaaaaaaaaaaaaaa', 12, 'shop', '0', 'import'),
  of('bcccccccccccccca', 13, 'only imported', '0', 'import'),
  of('bqccccccccccccca', 14, 'only imported', '0', 'import'),
  of('bqdddddddddddddd', 15, 'in quarantine', '0', 'import'),
  of('beeeeeeeeeeeeeee', 16, 'shop', 's1', 'media'),
  of('bfffffffffffffff', 17, 'only media', 's1', 'media'),
]

test.each<[string, MeantDatabase, string]>([
  ['1', {}, 'b111111111111111'],
  ['b333333333333333', {}, 'b333333333333333'],
  ['b3333', {}, 'b333333333333333'],
  ['latest', {}, 'b666666666666666'],
  // Not the safety backup: it holds what the last restore replaced.
  ['latest', { database: 'shop' }, 'b111122222222222'],
  ['latest', { database: 'only safe' }, 'b999999999999999'],
  // An imported one only where there is no other, and never one in quarantine.
  ['latest', { database: 'only imported' }, 'bcccccccccccccca'],
  ['15', {}, 'bqdddddddddddddd'],
  // Media alone are not what is meant, but where media are.
  ['latest', { database: 'shop', holding: 'media' }, 'beeeeeeeeeeeeeee'],
  ['latest', { database: 'only media', holding: 'media' }, 'bfffffffffffffff'],
  ['latest', { database: 'twice', system_identifier: 's1' }, 'b555555555555555'],
  ['latest', { database: 'twice', system_identifier: 's2' }, 'b666666666666666'],
  // A new server takes the place of a lost one.
  ['latest', { database: 'moved', system_identifier: 's1' }, 'b777777777777777'],
])('%s of %o is %s', (reference, meant, id) => {
  expect(resolveBackup(backups, reference, meant).id).toBe(id)
})

test.each<[string, string, MeantDatabase]>([
  ['latest', 'BACKUP_NOT_FOUND', { database: 'only media' }],
  ['latest', 'BACKUP_NOT_FOUND', { database: 'other', holding: 'media' }],
  ['9', 'BACKUP_NOT_FOUND', {}],
  ['b1', 'BACKUP_NOT_FOUND', {}],
  ['latest', 'BACKUP_NOT_FOUND', { database: 'in quarantine' }],
  ['zzzz', 'BACKUP_NOT_FOUND', {}],
  ['b1111', 'BACKUP_AMBIGUOUS', {}],
  ['3', 'BACKUP_AMBIGUOUS', {}],
  // Two servers have a database of the name, and which one is meant is not known.
  ['latest', 'BACKUP_AMBIGUOUS', { database: 'twice' }],
  ['latest', 'BACKUP_AMBIGUOUS', { database: 'twice', system_identifier: null }],
  ['latest', 'BACKUP_AMBIGUOUS', { database: 'twice', system_identifier: 's3' }],
])('%s is refused with %s', (reference, code, meant) => {
  expect(() => resolveBackup(backups, reference, meant)).toThrow(expect.objectContaining({ code }))
})

test('latest never crosses databases', () => {
  expect(() => resolveBackup(backups, 'latest', { database: 'absent' })).toThrow(
    expect.objectContaining({ code: 'BACKUP_NOT_FOUND' }),
  )
})
