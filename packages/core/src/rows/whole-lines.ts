/** Turns COPY text that is cut anywhere into blocks of whole lines. */
export interface LineBlocks {
  /**
   * The whole lines that are there now, `null` where none has ended yet. A block may share memory with the piece: it is
   * valid as long as the piece is.
   */
  push(piece: Buffer): Buffer | null
  /** Whether a line has begun that has not ended. */
  readonly open: boolean
}

const newline = 10

export function createLineBlocks(): LineBlocks {
  // A list, because a line of a gigabyte comes in thousands of pieces.
  let begun: Buffer[] = []
  return {
    push(piece) {
      const end = piece.lastIndexOf(newline) + 1
      if (end === 0) {
        if (piece.length > 0) begun.push(Buffer.from(piece))
        return null
      }
      const whole = piece.subarray(0, end)
      const block = begun.length === 0 ? whole : Buffer.concat([...begun, whole])
      begun = end === piece.length ? [] : [Buffer.from(piece.subarray(end))]
      return block
    },
    get open() {
      return begun.length > 0
    },
  }
}

/** How many lines a block has. */
export function countLines(block: Buffer): number {
  let lines = 0
  for (let at = block.indexOf(newline); at >= 0; at = block.indexOf(newline, at + 1)) lines += 1
  return lines
}

/** The lines of a block, each with its newline. They share its memory. */
export function* linesOf(block: Buffer): Generator<Buffer> {
  for (let start = 0; start < block.length; ) {
    const end = block.indexOf(newline, start) + 1 || block.length
    yield block.subarray(start, end)
    start = end
  }
}
