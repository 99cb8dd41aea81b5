import { EngineError } from '../../errors.ts'

/** Reads the archive's primitive values from bytes of unknown origin: every read is bounded by what is there. */
export class ByteReader {
  readonly #bytes: Buffer
  position = 0
  /** Set once some string was not valid UTF-8. */
  sawForeignText = false
  text: 'utf8' | 'latin1' = 'utf8'

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get remaining(): number {
    return this.#bytes.length - this.position
  }

  bytes(count: number): Buffer {
    if (count > this.remaining) throw invalid('it is cut short', this.position)
    const taken = this.#bytes.subarray(this.position, this.position + count)
    this.position += count
    return taken
  }

  byte(): number {
    if (this.remaining < 1) throw invalid('it is cut short', this.position)
    return this.#bytes[this.position++] as number
  }

  /** Four bytes, lowest first. */
  word(): number {
    if (this.remaining < 4) throw invalid('it is cut short', this.position)
    const value = this.#bytes.readUInt32LE(this.position)
    this.position += 4
    return value
  }

  /** A sign byte, then four bytes of magnitude, lowest first. */
  integer(): number {
    const at = this.position
    const sign = this.byte()
    const magnitude = this.word()
    if (sign > 1 || magnitude > 0x7fffffff) throw invalid('a number is out of range', at)
    return sign === 1 && magnitude !== 0 ? -magnitude : magnitude
  }

  /** A length and that many bytes; a negative length is null. */
  string(): string | null {
    const at = this.position
    const length = this.integer()
    if (length < 0) return null
    if (length > this.remaining) throw invalid('a string is longer than the file', at)
    const start = this.position
    this.position += length
    const text = this.#bytes.toString(this.text, start, this.position)
    if (text.includes('\0')) throw invalid('a string holds a NUL', at)
    const mayBeForeign = this.text === 'utf8' && !this.sawForeignText && text.includes('\ufffd')
    if (mayBeForeign && !Buffer.from(text).equals(this.#bytes.subarray(start, this.position)))
      this.sawForeignText = true
    return text
  }
}

/** The one way the parser says no. */
export function invalid(reason: string, position?: number): EngineError {
  const where = position === undefined ? '' : ` (at byte ${position})`
  return new EngineError('ARCHIVE_INVALID', `This archive cannot be read: ${reason}${where}.`, {
    detail: { reason, ...(position === undefined ? {} : { position }) },
  })
}
