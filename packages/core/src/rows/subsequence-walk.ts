import { EngineError } from '../errors.ts'
import { countLines } from './whole-lines.ts'

/** Compares the rows that a segment kept since a backup with the lines that the backup has of it. */
export interface SubsequenceWalk {
  /** The next whole lines of kept rows, in the order of their places. */
  kept(block: Buffer): Promise<void>
  /** No more rows were kept: what is left of the backup's lines is gone. Gives the number of lines that are gone. */
  end(): Promise<number>
}

/** Lines that the backup has and the table lacks now. They are valid until the promise that is returned settles. */
export type GoneLines = (lines: Buffer, count: number) => Promise<void> | void

/**
 * Walks along both. Rows that are not fresh were there when the backup's snapshot was taken, in the same places and with
 * the same text, so their lines are a *subsequence* of the backup's lines, and each line of the backup that is passed
 * over belongs to a row that is gone. It needs no key, no sort and no memory of what was passed.
 *
 * It also proves its own premise: where the kept lines are no subsequence, history is not what it was taken for, and
 * `HISTORY_DIFFERS` is thrown. Nothing that was found until then may be used.
 *
 * @param backup blocks of whole lines, each valid until the next one is asked for.
 */
export function createSubsequenceWalk(backup: AsyncIterator<Buffer>, onGone: GoneLines): SubsequenceWalk {
  let block: Buffer = Buffer.alloc(0)
  let at = 0
  let gone = 0

  async function nextBlock(): Promise<boolean> {
    const next = await backup.next()
    if (next.done) return false
    block = next.value
    at = 0
    return true
  }

  async function giveGone(start: number, end: number): Promise<void> {
    if (start === end) return
    const lines = block.subarray(start, end)
    const count = countLines(lines)
    gone += count
    await onGone(lines, count)
  }

  return {
    async kept(rows) {
      for (let position = 0; position < rows.length; ) {
        if (at === block.length && !(await nextBlock())) throw historyDiffers()
        const equal = equalLines(rows, position, block, at)
        position += equal
        at += equal
        // Lines in a row that are gone are given together.
        const start = at
        while (position < rows.length && at < block.length && !startsWithLine(block, at, rows, position))
          at = block.indexOf(10, at) + 1
        await giveGone(start, at)
      }
    },
    async end() {
      do {
        const start = at
        at = block.length
        await giveGone(start, at)
      } while (await nextBlock())
      return gone
    },
  }
}

/** Whether the line of `block` at `at` is the line of `rows` at `position`. */
function startsWithLine(block: Buffer, at: number, rows: Buffer, position: number): boolean {
  const length = block.indexOf(10, at) + 1 - at
  if (position + length > rows.length) return false
  return block.compare(rows, position, position + length, at, at + length) === 0
}

/** Bytes compared at a time once two blocks are known to differ somewhere. */
const stride = 4096

/** How many bytes of whole lines are equal from there on. Both blocks end with the end of a line. */
function equalLines(a: Buffer, aStart: number, b: Buffer, bStart: number): number {
  const most = Math.min(a.length - aStart, b.length - bStart)
  if (a.compare(b, bStart, bStart + most, aStart, aStart + most) === 0) return most
  let same = 0
  while (
    same + stride <= most &&
    a.compare(b, bStart + same, bStart + same + stride, aStart + same, aStart + same + stride) === 0
  )
    same += stride
  while (a[aStart + same] === b[bStart + same]) same += 1
  const lineStart = a.lastIndexOf(10, aStart + same - 1) + 1
  return Math.max(0, (same === 0 ? aStart : lineStart) - aStart)
}

export function historyDiffers(where?: string): EngineError {
  return new EngineError(
    'HISTORY_DIFFERS',
    `Rows that seem untouched since the backup are not what it has${where ? ` of ${where}` : ''}.`,
  )
}
