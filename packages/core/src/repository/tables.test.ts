import { randomBytes } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChunkIndex } from './chunks/chunk-index.ts'
import { knownChunkLookup } from './chunks/chunk-table.ts'
import { IdSet } from './chunks/id-set.ts'

/** Ids that collide in their first word, so that probing is put to the test. */
const idArbitrary = fc.tuple(fc.nat(7), fc.nat(40)).map(([first, last]) => {
  const id = Buffer.alloc(32)
  id.writeUInt32LE(first, 0)
  id.writeUInt32LE(last, 28)
  return id
})

describe('the tables of chunks', () => {
  it('an IdSet agrees with a Set', () => {
    fc.assert(
      fc.property(fc.array(idArbitrary, { maxLength: 300 }), (ids) => {
        const set = new IdSet()
        const model = new Set<string>()
        for (const id of ids) {
          expect(set.has(id)).toBe(model.has(id.toString('hex')))
          expect(set.add(id)).toBe(!model.has(id.toString('hex')))
          model.add(id.toString('hex'))
        }
        expect(set.size).toBe(model.size)
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  it('a ChunkIndex agrees with a list of packs in which marked and missing ones are left out', () => {
    const pack = fc.record({
      ids: fc.array(idArbitrary, { maxLength: 30 }),
      state: fc.constantFrom('good' as const, 'marked' as const, 'missing' as const),
    })
    fc.assert(
      fc.property(fc.array(pack, { maxLength: 30 }), fc.array(idArbitrary, { maxLength: 20 }), (packs, asked) => {
        const index = new ChunkIndex(1)
        const name = (number: number) => String(number).padStart(64, '0')
        packs.forEach(({ ids, state }, number) => {
          const chunks = ids.map((id, i) => ({ id: id.toString('hex'), offset: i, storedBytes: number, bytes: 2 * i }))
          index.addPack({ name: name(number), bytes: 100, chunks })
          index.addPack({ name: name(number), bytes: 999, chunks })
          index.setPackState(name(number), state)
          expect(index.packTable(name(number))).toEqual({ name: name(number), bytes: 100, chunks })
        })
        const known = knownChunkLookup(index.known())
        for (const id of [...asked, ...packs.flatMap((one) => one.ids)]) {
          const holds = (state: string) =>
            packs.flatMap((one, number) =>
              one.state === state ? one.ids.filter((other) => other.equals(id)).map(() => name(number)) : [],
            )
          expect(known(id)).toBe(holds('good').length > 0)
          expect(index.findAll(id).map((at) => at.pack)).toEqual([...holds('good'), ...holds('marked')])
          expect(index.findMissing(id.toString('hex'))).toEqual(holds('missing'))
          expect(index.find(id)).toEqual(index.findAll(id.toString('hex'))[0])
        }
      }),
      { seed: 2, numRuns: 100 },
    )
  })

  it('shows a worker the memory itself: what is added and marked later is seen there', async () => {
    const index = new ChunkIndex(1000)
    const [early, late, never] = [randomBytes(32), randomBytes(32), randomBytes(32)]
    const add = (name: string, id: Buffer) =>
      index.addPack({ name, bytes: 1, chunks: [{ id: id.toString('hex'), offset: 0, storedBytes: 1, bytes: 1 }] })
    add('aa'.repeat(32), early)
    const source = `
      const { parentPort, workerData } = require('node:worker_threads')
      const ready = import(workerData.module).then((m) => m.knownChunkLookup(workerData.known))
      parentPort.on('message', async (ids) => {
        const lookup = await ready
        parentPort.postMessage(ids.map((id) => lookup(id)))
      })`
    const module = new URL('./chunks/chunk-table.ts', import.meta.url).href
    const worker = new Worker(source, { eval: true, workerData: { known: index.known(), module } })
    try {
      const ask = () =>
        new Promise((resolve, reject) => {
          worker.once('message', resolve)
          worker.once('error', reject)
          worker.postMessage([early, late, never])
        })
      expect(await ask()).toEqual([true, false, false])
      add('bb'.repeat(32), late)
      index.setPackState('aa'.repeat(32), 'marked')
      expect(await ask()).toEqual([false, true, false])
    } finally {
      await worker.terminate()
    }
  })
})
