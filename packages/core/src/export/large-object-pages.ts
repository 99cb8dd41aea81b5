import { EngineError } from '../errors.ts'

/** The bytes of large objects, one object after the other. */
export interface LargeObjectCursor {
  /** All bytes of one object, holes filled with zeros. Asked by ascending oid, each read to its end before the next. */
  read(oid: number): AsyncIterable<Uint8Array>
}

/**
 * Turns COPY text of pg_largeobject (loid, pageno, data) into the objects' bytes. A page that is missing or short in the
 * middle of an object reads as zeros, as lo_read gives it.
 */
export function largeObjectCursor(text: AsyncIterable<Uint8Array>, pageBytes: number): LargeObjectCursor {
  const pages = readPages(text)
  let ahead: Page | undefined
  let started = false
  const advance = async () => {
    const next = await pages.next()
    ahead = next.done ? undefined : next.value
  }
  return {
    async *read(oid) {
      if (!started) await advance()
      started = true
      // Pages of objects that are not asked for: gone from the metadata between the two readings.
      while (ahead !== undefined && ahead.oid < oid) await advance()
      let position = 0
      while (ahead !== undefined && ahead.oid === oid) {
        const start = ahead.page * pageBytes
        if (start < position || ahead.data.length > pageBytes)
          throw new EngineError('REPOSITORY_DAMAGED', `The pages of large object ${oid} overlap.`)
        for (; position < start; position += Math.min(pageBytes, start - position))
          yield Buffer.alloc(Math.min(pageBytes, start - position))
        yield ahead.data
        position = start + ahead.data.length
        await advance()
      }
    },
  }
}

interface Page {
  oid: number
  page: number
  data: Buffer
}

async function* readPages(text: AsyncIterable<Uint8Array>): AsyncGenerator<Page> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const piece of text) {
    const bytes =
      rest.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength) : Buffer.concat([rest, piece])
    let start = 0
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      yield readPage(bytes.toString('latin1', start, end))
      start = end + 1
    }
    rest = bytes.subarray(start)
  }
  if (rest.length > 0) throw new EngineError('REPOSITORY_DAMAGED', 'The pages of large objects end within a row.')
}

function readPage(row: string): Page {
  const match = /^(\d+)\t(\d+)\t\\\\x/.exec(row)
  const hex = match === null ? '' : row.slice(match[0].length)
  const data = Buffer.from(hex, 'hex')
  // Decoding stops at the first digit that is none.
  if (match === null || data.length * 2 !== hex.length)
    throw new EngineError('REPOSITORY_DAMAGED', 'A page of a large object is not as COPY writes it.')
  return { oid: Number(match[1]), page: Number(match[2]), data }
}
