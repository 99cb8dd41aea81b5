import { describe, expect, it } from 'vitest'
import { createMemoryStorage } from '../../storage/memory.ts'
import type { Storage } from '../../storage/storage.ts'
import { wrapStorage } from '../../storage/wrap.ts'
import { createFaultyStorage } from '../../testing/faulty-storage.ts'
import { initRepository } from '../init.ts'
import { openRepository } from '../open.ts'
import { addKeySlot, listKeySlots } from './key-slots.ts'
import { removeKeySlot } from './remove-key-slot.ts'

const first = { rawKey: Buffer.alloc(32, 1) }
const second = { rawKey: Buffer.alloc(32, 2) }

async function twoSlots() {
  const storage = createMemoryStorage()
  const repository = await initRepository(storage, first)
  const { slot } = await addKeySlot(repository, first, second)
  return { storage, repository, slots: [repository.openedWith, slot] as const }
}

/** Every operation of a storage waits until its actor's turn comes; what an actor asks for at once goes one by one. */
function inTurns(schedule: number[]) {
  let at = 0
  const waiting: (() => void)[][] = [[], []]
  const ended = [false, false]
  const next = () => {
    while (at < schedule.length && ended[schedule[at] ?? 0]) at++
    // Past the planned order, or where one actor is left: in the order of asking.
    const actor = at < schedule.length ? (schedule[at] as number) : waiting[0]?.length ? 0 : 1
    const go = waiting[actor]?.shift()
    if (!go) return
    at++
    go()
    // Who has asked for more than one thing says nothing before both are done.
    setImmediate(look)
  }
  const look = () => {
    if (waiting.every((some, index) => some.length > 0 || ended[index])) next()
  }
  const turn = (actor: number) =>
    new Promise<void>((resolve) => {
      waiting[actor]?.push(resolve)
      look()
    })
  return {
    end(actor: number) {
      ended[actor] = true
      next()
    },
    storage: (inner: Storage, actor: number): Storage =>
      wrapStorage(inner, {
        async put(...args) {
          await turn(actor)
          return inner.put(...args)
        },
        async get(...args) {
          await turn(actor)
          return inner.get(...args)
        },
        async delete(...args) {
          await turn(actor)
          return inner.delete(...args)
        },
        async *list(...args) {
          await turn(actor)
          const found = []
          for await (const object of inner.list(...args)) found.push(object)
          yield* found
        },
      }),
  }
}

describe('removing key slots', () => {
  it('leaves one, whatever two who remove the last two do one after the other', async () => {
    const outcomes = new Map<string, number>()
    // Orders of the first twelve operations of both: a removal has six. All of them, or one in 43.
    for (let bits = 0; bits < 1 << 12; bits += process.env.LIFEBOAT_LONG === '1' ? 1 : 43) {
      const schedule = Array.from({ length: 12 }, (_, index) => (bits >> index) & 1)
      const { storage, repository, slots } = await twoSlots()
      const turns = inTurns(schedule)
      const remove = async (actor: 0 | 1) => {
        try {
          await removeKeySlot({ ...repository, storage: turns.storage(storage, actor) }, slots[actor])
          return 'removed'
        } catch (error) {
          expect(error).toMatchObject({ code: 'USAGE' })
          return 'refused'
        } finally {
          turns.end(actor)
        }
      }
      const outcome = (await Promise.all([remove(0), remove(1)])).join(' ')
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      const left = await listKeySlots(repository)
      expect(left.length, `order ${schedule.join('')}: ${outcome}`).toBeGreaterThan(0)
      expect(left).toHaveLength(outcome === 'refused refused' ? 2 : 1)
      for await (const { name } of storage.list('removals/')) expect.fail(`${name} was left`)
    }
    expect([...outcomes.keys()].sort()).toEqual(['refused refused', 'refused removed', 'removed refused'])
  })

  it('killed at any operation a key is left, and doing it again ends it', async () => {
    let met = 0
    for (const moment of ['before', 'after', 'half-way'] as const)
      for (let operation = 1; ; operation++) {
        const { storage, repository, slots } = await twoSlots()
        const faulty = createFaultyStorage(storage, { operation, moment, stop: true })
        await removeKeySlot({ ...repository, storage: faulty }, slots[0]).catch(() => {})
        if (!faulty.faultMet) break
        met++
        expect((await openRepository(storage, second)).id).toBe(repository.id)
        await removeKeySlot(repository, slots[0])
        await expect(removeKeySlot(repository, slots[1])).rejects.toMatchObject({ code: 'USAGE' })
        expect((await listKeySlots(repository)).map(({ slot }) => slot)).toEqual([slots[1]])
      }
    expect(met).toBeGreaterThan(12)
  })
})
