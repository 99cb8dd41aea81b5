import assert from 'node:assert/strict'
import type { CatalogRule } from './rule.ts'

const entry = {
  at: '2026-01-01T00:00:00.000Z',
  actor: 'u1',
  address: '::1',
  action: 'backups.create',
  subject: 'b1',
  outcome: 'succeeded',
  detail: { nested: { list: [1, null] } },
} as const

interface Place {
  previous: string | null
  seq: number
  chain: string | null
}

const linked = (hash: string, chain: string | null = null) => ({ hash, chain, seal: chain && `seal of ${hash}` })

export const auditConformance: CatalogRule[] = [
  {
    name: 'audit events form one chain without gaps, many writers at once included',
    async run({ audit }) {
      const link = (place: Place) => linked(`${place.seq}:${(place.previous ?? 'root').split(':')[0]}`)
      await Promise.all(Array.from({ length: 12 }, () => audit.append(entry, link)))
      const events = await audit.read(0)
      assert.deepEqual(
        events.map(({ seq, hash }) => [seq, hash]),
        Array.from({ length: 12 }, (_, index) => [index + 1, `${index + 1}:${index === 0 ? 'root' : index}`]),
      )
      const [{ seq: _seq, hash: _hash, chain, seal, ...first } = {}] = events
      assert.deepEqual([first, chain, seal], [entry, null, null])
      assert.deepEqual(await audit.read(null, 1), events.slice(0, 1))
      assert.deepEqual(
        (await audit.read(10)).map(({ seq }) => seq),
        [11, 12],
      )
    },
  },
  {
    name: 'an audit event that is there already is not appended again, however many try at once',
    async run({ audit }) {
      const link = ({ seq }: Place) => linked(String(seq))
      await audit.append(entry, link)
      const once = { ...entry, detail: { origin: 'a' } }
      const isSame = ({ detail }: { detail: object }) => 'origin' in detail && detail.origin === 'a'
      const given = await Promise.all(Array.from({ length: 8 }, () => audit.append(once, link, isSame)))
      assert.deepEqual(new Set(given.map(({ seq }) => seq)), new Set([2]))
      assert.equal((await audit.append({ ...once, actor: 'u2' }, link, isSame)).seq, 3)
      assert.deepEqual(
        (await audit.read(null)).map(({ seq }) => seq),
        [1, 2, 3],
      )
    },
  },
  {
    name: 'audit events are listed newest first, by actor, action and subject',
    async run({ audit }) {
      const link = ({ seq }: Place) => linked(String(seq))
      await audit.append(entry, link)
      await audit.append({ ...entry, actor: 'u2', subject: null, address: null }, link)
      await audit.append({ ...entry, action: 'restores.run' }, link)
      const seqs = async (filter: Parameters<typeof audit.list>[0]) => (await audit.list(filter)).map(({ seq }) => seq)
      assert.deepEqual(await seqs({}), [3, 2, 1])
      assert.deepEqual(await seqs({ actor: 'u2' }), [2])
      assert.deepEqual(await seqs({ action: 'restores.run' }), [3])
      assert.deepEqual(await seqs({ subject: 'b1', limit: 1, offset: 1 }), [1])
    },
  },
  {
    name: 'a chain goes on after events that name none, and its head is the newest of all',
    async run({ audit }) {
      const seen: (string | null)[] = []
      const append = (chain: string | null) =>
        audit.append(entry, (place) => {
          seen.push(place.chain)
          return linked(`h${place.seq}`, chain)
        })
      await append(null)
      assert.equal(await audit.head(), null)
      await append('c1')
      await append(null)
      assert.deepEqual(await audit.head(), { chain: 'c1', seq: 3, hash: 'h3' })
      const last = await append('c1')
      assert.deepEqual(seen, [null, null, 'c1', 'c1'])
      assert.deepEqual([last.seq, last.hash, last.chain, last.seal], [4, 'h4', 'c1', 'seal of h4'])
    },
  },
  {
    name: 'anchors are noted once, and those of a chain are listed from the furthest on',
    async run({ audit }) {
      const note = (name: string, chain: string, seq: number) => ({ name, chain, seq, hash: `h${seq}`, at: entry.at })
      await audit.noteAnchor(note('a', 'c1', 3))
      await audit.noteAnchor(note('b', 'c1', 7))
      await audit.noteAnchor(note('c', 'c2', 9))
      await audit.noteAnchor({ ...note('b', 'c1', 7), hash: 'other' })
      assert.deepEqual(await audit.anchors({ chain: 'c1' }), [note('b', 'c1', 7), note('a', 'c1', 3)])
      assert.deepEqual(await audit.anchors({ limit: 1 }), [note('c', 'c2', 9)])
    },
  },
]
