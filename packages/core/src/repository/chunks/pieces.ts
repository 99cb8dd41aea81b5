import { damaged } from '../damage.ts'

const idBytes = 32
/** No record of a backup is longer. */
const maxLineBytes = 256 * 1024 * 1024

/** The ids (hex) in the content of a list: 32 bytes each, whole. */
export async function* cutIds(pieces: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const piece of pieces) {
    const data = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    const whole = data.length - (data.length % idBytes)
    for (let at = 0; at < whole; at += idBytes) yield data.toString('hex', at, at + idBytes)
    rest = data.subarray(whole)
  }
  if (rest.length > 0) throw damaged('A list of chunks', 'ends within an id')
}

/** Lines of text, each ended by a newline; UTF-8 is decoded line by line. */
export async function* splitLines(pieces: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let open: Buffer[] = []
  let openBytes = 0
  for await (const piece of pieces) {
    let from = 0
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, from)) {
      open.push(piece.subarray(from, end))
      yield Buffer.concat(open).toString('utf8')
      open = []
      openBytes = 0
      from = end + 1
    }
    if (from === piece.length) continue
    openBytes += piece.length - from
    if (openBytes > maxLineBytes) throw damaged('A stream of records', 'has a line of more than 256 MiB')
    open.push(piece.subarray(from))
  }
  if (openBytes > 0) throw damaged('A stream of records', 'ends within a line')
}

/** JSON lines of items, in pieces of some 64 KiB. */
export async function* jsonLines(items: Iterable<unknown> | AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  let lines: string[] = []
  let length = 0
  for await (const item of items) {
    const line = `${JSON.stringify(item)}\n`
    lines.push(line)
    length += line.length
    if (length < 64 * 1024) continue
    yield Buffer.from(lines.join(''))
    lines = []
    length = 0
  }
  if (length > 0) yield Buffer.from(lines.join(''))
}
