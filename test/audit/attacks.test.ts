import { createHash, createHmac, randomBytes } from 'node:crypto'
import { insideOf } from '@lifeboat/core/actions'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { AuditEvent } from '../../packages/core/src/policy/audit/audit.ts'
import { canonicalJson } from '../../packages/core/src/policy/audit/canonical-json.ts'
import { putAuditAnchor } from '../../packages/core/src/repository/documents/audit-anchors.ts'
import { anchorNames, contentsOf, happen, openVictim, putBack, recordOnly, type Victim } from './victim.ts'

/** Whoever can write the catalog's tables, with and without the key, and whoever can delete from the repository. */
let cluster: TemporaryCluster
let victim: Victim
let objects: Map<string, Buffer>
let events: AuditEvent[]
let head: number
let anchored: number

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  victim = await openVictim(cluster)
  for (const value of [3, 4, 5]) await happen(victim, value)
  await victim.engine.backups.create()
  for (const value of [6, 7]) await happen(victim, value)
  ;({ results: events } = await victim.engine.audit.list({ limit: 1000 }))
  events.reverse()
  anchored = events.length
  await recordOnly(victim, 'not anchored', await victim.key())
  head = Number((await backupHead()).seq)
  objects = await contentsOf(victim.storage)
  for (const table of ['audit_events', 'audit_anchors'])
    await victim.sql(`CREATE TABLE saved_${table} AS TABLE ${table}`)
})
afterAll(async () => {
  await victim?.close()
  await cluster?.stop()
})
afterEach(async () => {
  for (const table of ['audit_events', 'audit_anchors'])
    await victim.sql(`TRUNCATE ${table}; INSERT INTO ${table} SELECT * FROM saved_${table}`)
  await putBack(victim.storage, objects)
})

async function backupHead() {
  const { backups } = await insideOf(victim.engine).ground.backups.list()
  const { readManifest } = await import('../../packages/core/src/repository/documents/manifests.ts')
  const repository = await insideOf(victim.engine).ground.parts.repository()
  const { manifest } = await readManifest(repository, backups[0]?.id ?? '')
  return manifest.audit_head ?? { chain: '', seq: 0, hash: '' }
}

const verify = () => victim.engine.audit.verify()
const fromRepository = () => victim.engine.audit.verify({ fromRepository: true })

/** The first bad place, or the state where there is none. */
async function found(check = verify) {
  const { state, first } = await check()
  return { state, seq: first?.seq ?? null, kind: first?.kind ?? null }
}

test('what nobody has touched is intact, from the catalog and from the repository alone', async () => {
  const { state, first, chains, witnesses } = await verify()
  expect({ state, first, witnesses }).toEqual({ state: 'intact', first: null, witnesses: 1 })
  expect(chains).toEqual([
    expect.objectContaining({ in_catalog: true, anchored_to: anchored, unanchored: 1, unsealed: [], version_1: 0 }),
  ])
  expect(await found(fromRepository)).toEqual({ state: 'intact', seq: null, kind: null })
  expect(head).toBeGreaterThan(2)
  expect(anchored).toBeGreaterThan(head + 2)
})

describe('in the catalog', () => {
  test('every change of every field of every event', async () => {
    const changes: Record<string, string> = {
      ...{ at: `'2020-01-01T00:00:00.000Z'`, actor: `actor || 'x'`, address: `'10.0.0.9'`, action: `'backups.list'` },
      ...{ subject: `COALESCE(subject, '') || 'x'`, outcome: `'refused'`, detail: `'{"face":"http"}'` },
      ...{ hash: `md5(hash) || md5(seal)`, chain: `reverse(chain)`, seal: `md5(hash) || md5(seal)` },
    }
    const nulls = ['chain', 'seal'].map((column): [string, string] => [column, 'NULL'])
    const missed: string[] = []
    for (const { seq } of events)
      for (const [column, value] of [...Object.entries(changes), ...nulls]) {
        await victim.sql(`UPDATE audit_events SET ${column} = ${value} WHERE seq = ${seq}`)
        const seen = await found()
        if (seen.state !== 'broken' || seen.seq !== seq) missed.push(`${seq} ${column}: ${JSON.stringify(seen)}`)
        await victim.sql(
          `UPDATE audit_events e SET ${column} = s.${column} FROM saved_audit_events s WHERE s.seq = e.seq AND e.seq = ${seq}`,
        )
      }
    expect(missed).toEqual([])
  })

  test('a detail that is no JSON', async () => {
    await victim.sql(`UPDATE audit_events SET detail = '{"a' WHERE seq = 3`)
    expect(await found()).toEqual({ state: 'broken', seq: 3, kind: 'changed' })
    expect((await victim.engine.audit.list()).chain.broken_at).toBe(3)
  })

  test('every event that is deleted, and every cut of the end behind an anchor', async () => {
    const missed: string[] = []
    for (const { seq } of events) {
      await victim.sql(`DELETE FROM audit_events WHERE seq = ${seq}`)
      const gone = await found()
      if (gone.state !== 'broken' || gone.seq !== seq) missed.push(`deleted ${seq}: ${JSON.stringify(gone)}`)
      await victim.sql(`DELETE FROM audit_events WHERE seq >= ${seq}`)
      const cut = await found()
      if (cut.state !== 'broken' || cut.seq !== seq) missed.push(`cut from ${seq}: ${JSON.stringify(cut)}`)
      await victim.sql(`INSERT INTO audit_events SELECT * FROM saved_audit_events ON CONFLICT DO NOTHING`)
    }
    expect(missed).toEqual([])
  })

  test('two events that changed places', async () => {
    await victim.sql(`UPDATE audit_events SET seq = seq + 100 WHERE seq IN (3, 4)`)
    await victim.sql(`UPDATE audit_events SET seq = CASE seq WHEN 103 THEN 4 ELSE 3 END WHERE seq > 100`)
    expect(await found()).toMatchObject({ state: 'broken', seq: 3 })
  })

  test('an event that was put in: with a seal of its own, before the first, after a gap, without a seal', async () => {
    const columns = 'hash, at, actor, address, action, subject, outcome, detail, chain, seal'
    for (const [seq, bad] of [
      [0, 0],
      [-7, -7],
      [anchored + 9, anchored + 2],
    ] as const) {
      await victim.sql(
        `INSERT INTO audit_events (seq, ${columns}) SELECT ${seq}, ${columns} FROM audit_events WHERE seq = 2`,
      )
      expect(await found(), String(seq)).toMatchObject({ state: 'broken', seq: bad })
      await victim.sql(`DELETE FROM audit_events WHERE seq = ${seq}`)
    }
    await put(
      forged(3, null)
        .slice(0, 1)
        .map((event) => relink(event, anchored + 2, null)),
    )
    const seen = await found()
    expect(seen).toEqual({ state: 'unproven', seq: anchored + 2, kind: 'seal' })
    await putBackTable()
    await put(
      forged(3, null)
        .slice(0, 1)
        .map((event) => relink(event, anchored + 2, randomBytes(32))),
    )
    expect(await found()).toEqual({ state: 'broken', seq: anchored + 2, kind: 'seal' })
  })

  test('the table emptied, before and after more is recorded, until an adoption says so', async () => {
    await victim.sql('TRUNCATE audit_events')
    expect(await found()).toEqual({ state: 'broken', seq: 1, kind: 'cut' })
    await victim.sql('TRUNCATE audit_anchors')
    expect(await found()).toEqual({ state: 'broken', seq: 1, kind: 'cut' })
    await happen(victim, 9)
    expect(await found()).toEqual({ state: 'broken', seq: 1, kind: 'cut' })
    const { audit_chains_lost: lost } = await victim.engine.adopt()
    expect(lost).toEqual([events[0]?.chain])
    const { state, chains } = await verify()
    expect(state).toBe('intact')
    expect(chains.map(({ in_catalog, ended_by }) => [in_catalog, ended_by])).toEqual([
      [true, null],
      [false, 2],
    ])
    // The events are in the repository still.
    const { results } = await victim.engine.audit.list({ fromRepository: true, limit: 1000 })
    expect(results.filter(({ chain }) => chain === lost[0])).toHaveLength(anchored)
  })
})

describe('the events rewritten from one on, with hashes that fit', () => {
  const from = 4

  test('without the key: seals left, made up, or taken off', async () => {
    for (const key of ['left', randomBytes(32), null] as const) {
      await put(forged(from, key))
      const seen = await found()
      expect(seen, String(key)).toMatchObject({ state: 'broken', seq: from })
      await putBackTable()
    }
  })

  test('with the key: the anchors have others', async () => {
    await put(forged(from, await victim.key()))
    expect(await found()).toEqual({ state: 'broken', seq: from, kind: 'rewritten' })
    expect((await victim.engine.audit.list()).chain.broken_at, 'hashes and seals alone do not show it').toBeNull()
  })

  test('with the key, and the anchors rewritten: a backup names another event', async () => {
    const made = forged(3, await victim.key())
    await put(made)
    await forgeAnchors([...events.slice(0, 2), ...made.slice(0, -1)])
    expect(await found()).toEqual({ state: 'broken', seq: head, kind: 'rewritten' })
    expect(await found(fromRepository)).toEqual({ state: 'broken', seq: head, kind: 'rewritten' })
  })

  test('with the key, cut behind the backup, anchors deleted: a backup names a later event', async () => {
    await victim.sql(`DELETE FROM audit_events WHERE seq >= ${head}`)
    await victim.sql(`DELETE FROM audit_anchors WHERE seq >= ${head}`)
    for (const name of await anchorNames(victim.storage))
      if (Number(/\/(\d{12})-/.exec(name)?.[1]) >= head) await victim.storage.delete(name)
    expect(await found()).toEqual({ state: 'broken', seq: head, kind: 'cut' })
    expect(await found(fromRepository)).toMatchObject({ state: 'unproven', seq: head })
  })
})

describe('in the repository', () => {
  test('every anchor that is deleted or damaged', async () => {
    const names = await anchorNames(victim.storage)
    expect(names.length).toBeGreaterThan(4)
    const ends = names.map((name) => Number(/\/(\d{12})-/.exec(name)?.[1]))
    for (const [index, name] of names.entries()) {
      const first = (ends[index - 1] ?? 0) + 1
      const data = await victim.storage.get(name)
      for (const damage of [false, true]) {
        if (damage)
          await victim.storage.put(name, Buffer.concat([data.subarray(0, -1), Buffer.from([data.at(-1)! ^ 1])]))
        else await victim.storage.delete(name)
        expect(await found(), name).toEqual({ state: 'broken', seq: first, kind: 'anchor_missing' })
        const alone = await found(fromRepository)
        // Of the newest one only the catalog knows.
        if (index < names.length - 1)
          expect(alone, name).toEqual({ state: 'broken', seq: first, kind: 'anchor_missing' })
        await victim.storage.put(name, data)
      }
    }
  })

  test('all anchors deleted', async () => {
    for (const name of await anchorNames(victim.storage)) await victim.storage.delete(name)
    expect(await found()).toEqual({ state: 'broken', seq: 1, kind: 'anchor_missing' })
    expect(await found(fromRepository)).toEqual({ state: 'unproven', seq: 1, kind: 'anchor_missing' })
  })

  test('what somebody without the key puts there changes nothing', async () => {
    const [name = ''] = await anchorNames(victim.storage)
    const chain = name.split('/')[1]
    await victim.storage.put(`audit/${chain}/000000000999-${'0'.repeat(16)}`, Buffer.from('LFBDOC'))
    await victim.storage.put('audit/nonsense', Buffer.from('x'))
    expect(await found()).toEqual({ state: 'intact', seq: null, kind: null })
    expect(await found(fromRepository)).toEqual({ state: 'intact', seq: null, kind: null })
  })
})

/** The chain from an event on, told differently: hashes made again by the formula of docs/audit.md. */
function forged(from: number, key: Uint8Array | 'left' | null): AuditEvent[] {
  let previous = events[from - 2]?.hash ?? '0'.repeat(64)
  return events.slice(from - 1).map((event) => {
    const made = relink({ ...event, actor: 'nobody' }, event.seq, key, previous)
    previous = made.hash
    return made
  })
}

function relink(event: AuditEvent, seq: number, key: Uint8Array | 'left' | null, prev = lastHash()): AuditEvent {
  const { at, actor, address, action, subject, outcome, detail, chain } = event
  const record = { v: 2, chain, seq, prev, sealed: key !== null, at, actor, address, action, subject, outcome, detail }
  const hash = createHash('sha256').update(canonicalJson(record)).digest('hex')
  const own = key === null || key === 'left' ? null : createHmac('sha256', key).update(`${chain} ${seq} ${hash}`)
  return { ...event, seq, hash, seal: key === 'left' ? event.seal : (own?.digest('hex') ?? null) }
}

let unanchoredHash = ''
beforeAll(async () => {
  const [last] = await victim.sql(`SELECT hash FROM audit_events ORDER BY seq DESC LIMIT 1`)
  unanchoredHash = String(last?.hash)
})
const lastHash = () => unanchoredHash

async function put(made: readonly AuditEvent[]): Promise<void> {
  const [first] = made
  await victim.sql(`DELETE FROM audit_events WHERE seq >= ${first?.seq}`)
  for (const { detail, ...event } of made) {
    const row = { ...event, detail: JSON.stringify(detail) }
    const names = Object.keys(row)
    const places = names.map((_, index) => `$${index + 1}`)
    await victim.sql(`INSERT INTO audit_events (${names}) VALUES (${places})`, Object.values(row))
  }
}

async function putBackTable(): Promise<void> {
  await victim.sql('TRUNCATE audit_events; INSERT INTO audit_events SELECT * FROM saved_audit_events')
}

/** One anchor of the attacker's in the place of all. */
async function forgeAnchors(told: AuditEvent[]): Promise<void> {
  const repository = await insideOf(victim.engine).ground.parts.repository()
  for (const name of await anchorNames(victim.storage)) await victim.storage.delete(name)
  await victim.sql('TRUNCATE audit_anchors')
  const last = told.at(-1) as AuditEvent
  const place = { chain: String(last.chain), catalog: 'x', at: last.at, first_seq: 1, last_seq: last.seq }
  await putAuditAnchor(repository, { ...place, hash: last.hash, previous: null, events: told })
}
