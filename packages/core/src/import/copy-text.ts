import { invalid } from '../postgres/archive/byte-reader.ts'

const endOfRows = Buffer.from('\n\\.\n\n\n')
const endMark = endOfRows.subarray(0, 4)
const lineFeed = 10

/**
 * The rows of a TABLE DATA block without the end that pg_dump puts after them, cut into segments of about `segmentBytes`
 * at the ends of rows. Each segment must be read before the next is asked for. Throws `ARCHIVE_INVALID` where the end is
 * missing, is not the end, or a row is not whole.
 */
export async function* rowSegments(
  source: AsyncIterable<Buffer>,
  name: string,
  segmentBytes: number,
): AsyncGenerator<RowSegment> {
  const pieces = withoutEnd(source, name)
  let rest: Buffer | undefined
  const ended = { value: false }
  while (!ended.value) {
    const segment: RowSegment = { rows: 0, bytes: segmentPieces() }
    yield segment
    async function* segmentPieces() {
      let bytes = 0
      for (;;) {
        const next: Buffer | undefined = rest ?? (await nextOf(pieces))
        rest = undefined
        if (next === undefined) {
          ended.value = true
          return
        }
        const full = bytes + next.length >= segmentBytes
        const cut = full ? next.lastIndexOf(lineFeed) + 1 : 0
        const part = cut > 0 ? next.subarray(0, cut) : next
        bytes += part.length
        segment.rows += countLines(part)
        if (part.length > 0) yield part
        if (cut === 0) continue
        if (cut < next.length) rest = next.subarray(cut)
        return
      }
    }
  }
}

/** `rows` is known once the bytes are read. */
export interface RowSegment {
  rows: number
  bytes: AsyncIterable<Buffer>
}

async function nextOf(pieces: AsyncGenerator<Buffer>): Promise<Buffer | undefined> {
  const { value, done } = await pieces.next()
  return done ? undefined : value
}

async function* withoutEnd(source: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  // As if a line ended before the first: then one rule holds for the first row, too.
  let held = Buffer.from([lineFeed])
  let added = 1
  for await (const piece of source) {
    const bytes = Buffer.concat([held, piece])
    const end = bytes.indexOf(endMark)
    if (end >= 0 && bytes.length - end > endOfRows.length) throw invalid(`the rows of ${name} go on after their end`)
    const kept = Math.max(0, bytes.length - endOfRows.length)
    held = Buffer.from(bytes.subarray(kept))
    if (kept > added) yield bytes.subarray(added, kept)
    added = Math.max(0, added - kept)
  }
  if (!held.equals(endOfRows)) throw invalid(`the rows of ${name} are cut short`)
  if (added === 0) yield held.subarray(0, 1)
}

function countLines(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) count++
  return count
}
