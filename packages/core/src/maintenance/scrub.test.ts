import { beforeEach, expect, test } from 'vitest'
import { slotOf } from '../policy/scrub-rotation.ts'
import { listScrubs } from '../repository/documents/scrubs.ts'
import { listVerifications } from '../repository/documents/verifications.ts'
import { listPacks } from '../repository/index/load-index.ts'
import { packObjectName, prefixes } from '../repository/layout.ts'
import type { Repository } from '../repository/repository.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { checkRepository } from './check.ts'
import { addSampleBackup, initSampleRepository, sampleRows } from './sample-backups.ts'
import { scrubRepository } from './scrub.ts'

let repository: Repository
let first: string
let second: string
beforeEach(async () => {
  repository = await initSampleRepository(createMemoryStorage())
  first = await addSampleBackup(repository, { a: sampleRows(9_000) })
  second = await addSampleBackup(repository, { b: sampleRows(9_000) })
})

const on = (day: number) => new Date(Date.UTC(2026, 0, day, 4))
const days = 5

async function flip(pack: string) {
  const data = await repository.storage.get(packObjectName(pack))
  data[Math.floor(data.length / 2)]! ^= 1
  await repository.storage.put(packObjectName(pack), data)
}

test('in N days every pack is read once, and coverage says how far it is', async () => {
  const all = [...(await listPacks(repository)).keys()]
  let packs = 0
  for (let day = 1; day <= days; day++) {
    const report = await scrubRepository(repository, { days, now: on(day) })
    expect(report).toMatchObject({ ok: true, coverage: day / days })
    packs += report.packs
  }
  expect(packs).toBe(all.length)
  expect((await scrubRepository(repository, { days, now: on(days) })).packs).toBe(0)
  expect((await checkRepository(repository, { readData: true })).problems).toEqual([])
})

test('damage is found when its share has its turn, and marks the backups it takes, and no others', async () => {
  const [pack = ''] = [...(await listPacks(repository)).keys()]
  await flip(pack)
  const check = await checkRepository(repository, { readData: true })
  const concerned = check.problems.flatMap(({ backups }) => backups)
  expect(concerned).toHaveLength(1)
  let found = 0
  for (let day = 1; day <= days; day++) {
    const report = await scrubRepository(repository, { days, now: on(day) })
    const isTurn = report.slots.includes(slotOf(pack, days))
    expect(report.ok).toBe(!isTurn)
    if (!isTurn) continue
    found++
    expect(report).toMatchObject({ damaged: [pack], problems: [{ object: packObjectName(pack), backups: concerned }] })
  }
  expect(found).toBe(1)
  const records = await listVerifications(repository)
  expect(records).toMatchObject([{ backup: concerned[0], level: 'checksums', ok: false }])
  expect([first, second]).toContain(concerned[0])
})

test('what is missing is found on any day', async () => {
  const [pack = ''] = [...(await listPacks(repository)).keys()]
  await repository.storage.delete(packObjectName(pack))
  const report = await scrubRepository(repository, { days: 1000, now: on(1) })
  expect(report).toMatchObject({ ok: false, damaged: [pack] })
})

test('old records go, and one that does not open is passed over', async () => {
  for (let day = 1; day <= 15; day++) await scrubRepository(repository, { days, now: on(day) })
  const records = await listScrubs(repository)
  expect(records.map(({ at }) => new Date(at).getUTCDate())).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
  for await (const { name } of repository.storage.list(prefixes.scrubs)) {
    await repository.storage.put(name, Buffer.from('?'))
    break
  }
  expect(await listScrubs(repository)).toHaveLength(10)
})
