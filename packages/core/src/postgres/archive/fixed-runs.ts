import { encodeInteger } from './encode-archive.ts'

/**
 * Data of a known length as an archive's runs, cut where the length alone says: what surrounds each byte is then known
 * before any is read. pg_restore holds one run in memory at a time.
 */
export const runBytes = 1 << 20

/** Each run has its length before it; a length of nothing ends them. */
const lengthBytes = 5

/** Bytes of all runs and their end. */
export function fixedRunsLength(length: number): number {
  return length + lengthBytes * (Math.ceil(length / runBytes) + 1)
}

/** The last run that begins at or before a position among the runs: where it begins, and with which byte of the data. */
export function runAt(position: number, length: number): { position: number; dataPosition: number } {
  const last = Math.max(0, Math.ceil(length / runBytes) - 1)
  const run = Math.min(last, Math.max(0, Math.floor(position / (lengthBytes + runBytes))))
  return { position: run * (lengthBytes + runBytes), dataPosition: run * runBytes }
}

/** The runs from the one on that begins with byte `from` of the data, which is where the source begins. */
export async function* fixedRuns(
  source: AsyncIterable<Uint8Array>,
  length: number,
  from = 0,
): AsyncGenerator<Uint8Array> {
  let position = from
  let left = 0
  for await (const piece of source) {
    if (position + piece.length > length) throw new Error(`An entry has more than its ${length} bytes`)
    for (let at = 0; at < piece.length; ) {
      if (left === 0) {
        left = Math.min(runBytes, length - position)
        yield encodeInteger(left)
      }
      const part = piece.subarray(at, at + left)
      yield part
      at += part.length
      left -= part.length
      position += part.length
    }
  }
  if (position !== length) throw new Error(`An entry has ${position} of its ${length} bytes`)
  yield encodeInteger(0)
}
