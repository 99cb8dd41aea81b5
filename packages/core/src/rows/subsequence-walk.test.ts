import { expect, test } from 'vitest'
import { isEngineError } from '../errors.ts'
import { createSubsequenceWalk } from './subsequence-walk.ts'
import { createLineBlocks } from './whole-lines.ts'

/** Cuts a text into pieces of random lengths, then into whole lines, as COPY and chunks come. */
async function* blocks(text: string, random: () => number): AsyncGenerator<Buffer> {
  const lines = createLineBlocks()
  for (let at = 0; at < text.length; ) {
    const length = 1 + Math.floor(random() * 12)
    const block = lines.push(Buffer.from(text.slice(at, at + length)))
    at += length
    if (block) yield block
  }
  expect(lines.open).toBe(false)
}

async function walk(backup: string[], kept: string[], random: () => number): Promise<string[]> {
  const gone: string[] = []
  const text = (lines: string[]) => lines.map((line) => `${line}\n`).join('')
  const one = createSubsequenceWalk(blocks(text(backup), random), (lines, count) => {
    const found = lines.toString().split('\n').slice(0, -1)
    expect(found.length).toBe(count)
    gone.push(...found)
  })
  for await (const block of blocks(text(kept), random)) await one.kept(block)
  expect(await one.end()).toBe(gone.length)
  return gone
}

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state / 0x7fffffff
  }
}

test('2,000 random subsequences: what is not kept is gone, whatever the lines and wherever they are cut', async () => {
  for (let seed = 1; seed <= 2000; seed++) {
    const random = seeded(seed)
    // Few different lines, so that there are duplicates, and some that begin with one another; empty ones too.
    const word = () =>
      ['', 'a', 'aa', 'ab', 'abc', 'abcabcabcabcabc', `x${Math.floor(random() * 50)}`][Math.floor(random() * 7)]!
    const backup = Array.from({ length: Math.floor(random() * 40) }, word)
    const kept = backup.filter(() => random() < 0.7)
    const gone = await walk(backup, kept, random)
    expect([...kept, ...gone].sort()).toEqual([...backup].sort())
  }
})

test.each([
  [
    ['a', 'b'],
    ['b', 'a'],
  ],
  [['a'], ['a', 'a']],
  [['ab'], ['a']],
  [[], ['']],
])('lines that are no subsequence are refused: %j, kept %j', async (backup, kept) => {
  const error = await walk(backup, kept, seeded(1)).catch((thrown: unknown) => thrown)
  expect(isEngineError(error, 'HISTORY_DIFFERS')).toBe(true)
})
