import assert from 'node:assert/strict'
import type { CatalogRule } from './conformance.ts'

const entry = {
  at: '2026-01-01T00:00:00.000Z',
  actor: 'u1',
  address: '::1',
  action: 'backups.create',
  subject: 'b1',
  outcome: 'allowed',
  detail: { nested: { list: [1, null] } },
} as const

export const auditConformance: CatalogRule[] = [
  {
    name: 'audit events form one chain without gaps, many writers at once included',
    async run({ audit }) {
      const chain = (previous: string | null, seq: number) => `${seq}:${(previous ?? 'root').split(':')[0]}`
      await Promise.all(Array.from({ length: 12 }, () => audit.append(entry, chain)))
      const events = await audit.read(0)
      assert.deepEqual(
        events.map(({ seq, hash }) => [seq, hash]),
        Array.from({ length: 12 }, (_, index) => [index + 1, `${index + 1}:${index === 0 ? 'root' : index}`]),
      )
      const [{ seq: _seq, hash: _hash, ...first } = {}] = events
      assert.deepEqual(first, entry)
      assert.deepEqual(
        (await audit.read(10)).map(({ seq }) => seq),
        [11, 12],
      )
    },
  },
  {
    name: 'audit events are listed newest first, by actor, action and subject',
    async run({ audit }) {
      const chain = (_: string | null, seq: number) => String(seq)
      await audit.append(entry, chain)
      await audit.append({ ...entry, actor: 'u2', subject: null, address: null }, chain)
      await audit.append({ ...entry, action: 'restores.run' }, chain)
      const seqs = async (filter: Parameters<typeof audit.list>[0]) => (await audit.list(filter)).map(({ seq }) => seq)
      assert.deepEqual(await seqs({}), [3, 2, 1])
      assert.deepEqual(await seqs({ actor: 'u2' }), [2])
      assert.deepEqual(await seqs({ action: 'restores.run' }), [3])
      assert.deepEqual(await seqs({ subject: 'b1', limit: 1, offset: 1 }), [1])
    },
  },
]
