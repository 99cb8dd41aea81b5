import { createHash } from 'node:crypto'
import { invalid } from '../postgres/archive/byte-reader.ts'

const none = Buffer.alloc(0)

/** Bytes of unknown origin, read from front to back. Holds one piece of the source, and hashes all that it has taken. */
export class ByteStream {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #hash = createHash('sha256')
  #held: Buffer = none
  #ended = false
  /** Bytes that were taken. */
  position = 0

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Exactly so many bytes, in memory of their own. Throws `ARCHIVE_INVALID` where there are fewer. */
  async take(count: number): Promise<Buffer> {
    if (this.#held.length >= count) return this.#cut(count)
    const parts: Buffer[] = []
    for await (const part of this.pieces(count)) parts.push(part)
    return Buffer.concat(parts)
  }

  /** The same, as it comes. */
  async *pieces(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0; ) {
      if (!(await this.#fill())) throw invalid('it is cut short', this.position)
      const part = this.#cut(Math.min(left, this.#held.length))
      left -= part.length
      yield part
    }
  }

  async byte(): Promise<number> {
    return (await this.take(1))[0] as number
  }

  /** A sign byte, then four bytes of magnitude, lowest first. */
  async integer(): Promise<number> {
    const at = this.position
    const bytes = await this.take(5)
    const [sign, magnitude] = [bytes[0] as number, bytes.readUInt32LE(1)]
    if (sign > 1 || magnitude > 0x8000_0000) throw invalid('a number is out of range', at)
    return sign === 1 && magnitude !== 0 ? -magnitude : magnitude
  }

  async atEnd(): Promise<boolean> {
    return !(await this.#fill())
  }

  /** Hex of the SHA-256 of everything, once the end is reached. */
  sha256(): string {
    return this.#hash.digest('hex')
  }

  /** Lets go of the source before its end. */
  async close(): Promise<void> {
    if (!this.#ended) await this.#source.return?.()
  }

  async #fill(): Promise<boolean> {
    while (this.#held.length === 0 && !this.#ended) {
      const { value, done } = await this.#source.next()
      if (done) {
        this.#ended = true
        break
      }
      this.#hash.update(value)
      this.#held = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    }
    return this.#held.length > 0
  }

  #cut(count: number): Buffer {
    const part = this.#held.subarray(0, count)
    this.#held = this.#held.subarray(count)
    this.position += count
    return part
  }
}
