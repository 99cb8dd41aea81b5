/** Some rows of a table, by their place in its backup: a bit for each. */
export interface RowChoice {
  bits: Uint8Array
  kept: number
  /** How many rows there are. */
  of: number
}

export function createRowChoice(of: number): RowChoice & { add(row: number): void } {
  const choice = {
    bits: new Uint8Array(Math.ceil(of / 8)),
    kept: 0,
    of,
    add(row: number) {
      choice.bits[row >> 3]! |= 1 << (row & 7)
      choice.kept++
    },
  }
  return choice
}

export const isChosen = ({ bits }: Pick<RowChoice, 'bits'>, row: number): boolean =>
  ((bits[Math.floor(row / 8)] ?? 0) & (1 << (row % 8))) !== 0

/** How many of the rows [from, to) are kept. */
export function countChosen(choice: RowChoice, from: number, to: number): number {
  let count = 0
  for (let row = from; row < to; row++) if (isChosen(choice, row)) count++
  return count
}

export interface RowFilter {
  /** The lines of the piece, and parts of lines, that belong to rows that are kept. It shares no memory with the piece. */
  push(piece: Buffer): Buffer
  /** Whether a row has begun that has not ended. */
  readonly open: boolean
  /** Rows that have ended. */
  readonly rows: number
}

const newline = 10

/** Leaves rows out of COPY text that is cut anywhere; `first`: the place of the row that it begins with. */
export function createRowFilter(bits: Uint8Array, first: number): RowFilter {
  let rows = 0
  let isOpen = false
  return {
    push(piece) {
      const kept: Buffer[] = []
      let from = -1
      for (let at = 0; at < piece.length; ) {
        const stop = piece.indexOf(newline, at)
        const end = stop < 0 ? piece.length : stop + 1
        if (isChosen({ bits }, first + rows)) {
          if (from < 0) from = at
        } else if (from >= 0) {
          kept.push(piece.subarray(from, at))
          from = -1
        }
        at = end
        isOpen = stop < 0
        if (!isOpen) rows++
      }
      if (from >= 0) kept.push(piece.subarray(from))
      return Buffer.concat(kept)
    },
    get open() {
      return isOpen
    },
    get rows() {
      return rows
    },
  }
}
