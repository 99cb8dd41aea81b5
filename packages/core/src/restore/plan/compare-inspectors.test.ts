import { expect, test } from 'vitest'
import type { MigrationInspector } from '../../migrations/inspector.ts'
import { compareInspectors } from './compare-inspectors.ts'

const inspector = (known: MigrationInspector['known']): MigrationInspector => ({
  name: 'ledger',
  ledgerTables: [],
  applied: async () => [],
  known,
})
const recorded = [{ inspector: 'ledger', ledger_tables: ['public.ledger'], applied: [{ id: '001' }], known: [] }]

test('a verdict that can be given needs no reason', async () => {
  const [facts] = await compareInspectors([inspector(async () => [{ id: '001' }])], recorded)
  expect(facts).toMatchObject({ inspector: 'ledger', comparison: { verdict: 'same' }, canMigrate: false })
  expect(facts).not.toHaveProperty('why')
})

test.each([
  [
    'the code cannot be read',
    async () => Promise.reject(new Error('ENOENT: no folder\n./db/migrations')),
    recorded,
    "the code's own cannot be read: ENOENT: no folder; ./db/migrations",
  ],
  ['the code names none', async () => [], recorded, 'the code names none of its own'],
  ['the backup has none', async () => [{ id: '001' }], [], 'it has none recorded'],
] as const)('where nothing can be said, the reason is: %s', async (_, known, migrations, why) => {
  const [facts] = await compareInspectors([inspector(known)], [...migrations])
  expect(facts).toMatchObject({ comparison: { verdict: 'unknown' }, why })
})
