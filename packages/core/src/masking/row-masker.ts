import { type ValueMasker, valueMasker } from './apply-mask.ts'
import { type CanarySample, createCanarySample, isCanaryMask } from './canary-sample.ts'
import type { RowMask } from './column-mask.ts'
import { escapeField, unescapeField } from './copy-field.ts'

/** Masks COPY text that is cut anywhere. */
export interface RowMasker {
  /** What can be passed on of it. It shares no memory with the piece. */
  push(piece: Buffer): Buffer
  /** Whether a value has begun that has not ended. */
  readonly open: boolean
  /** Values that were masked, some of each column, by the column's name. */
  canaries(): Map<string, string[]>
}

const tab = 9
const newline = 10
const nullField = String.raw`\N`

interface Field {
  name: string
  mask: ValueMasker | null
  sample: CanarySample | null
  /** Of JSON the values within are sampled, by its mask. */
  isSampled: boolean
  /** What it makes has nothing in it that COPY would have escaped. */
  isPlain: boolean
  /** Its value is not needed to mask it: only its beginning is kept. */
  isShort: boolean
}

/** Enough to know a value by. */
const shortBytes = 256

/**
 * Takes lines apart at tabs and newlines; within values both are escaped. Fields that stay are copied as they are, so that
 * what is not masked is exact to the byte. Memory is bounded by the longest value that is masked.
 */
export async function createRowMasker(row: RowMask): Promise<RowMasker> {
  const fields = await Promise.all(
    row.columns.map(async ({ name, mask }): Promise<Field> => {
      if (mask === null) return { name, mask: null, sample: null, isSampled: false, isPlain: true, isShort: false }
      const sample = isCanaryMask(mask) ? createCanarySample() : null
      const add = sample?.add
      return {
        name,
        mask: await valueMasker(mask, { key: row.key, place: `${row.table}.${name}`, ...(add ? { sample: add } : {}) }),
        sample,
        isSampled: sample !== null && mask.kind !== 'json',
        isPlain: mask.kind === 'pseudonym' && mask.shape.form !== 'bytea',
        isShort: mask.kind === 'null' || mask.kind === 'fixed',
      }
    }),
  )
  let column = 0
  let begun: Buffer[] = []
  let begunBytes = 0
  const state = { output: Buffer.allocUnsafe(0), length: 0 }
  const last = fields.length - 1

  return {
    push(piece) {
      state.output = Buffer.allocUnsafe(piece.length + 4096)
      state.length = 0
      for (let at = 0; at < piece.length; ) {
        const field = fields[column] as Field
        if (field.mask === null) {
          const end = endOfKept(piece, at)
          write(state, piece, at, end)
          at = end
          continue
        }
        const stop = piece.indexOf(column === last ? newline : tab, at)
        const end = stop < 0 ? piece.length : stop
        if (stop < 0) {
          if (!field.isShort || begunBytes < shortBytes) {
            begun.push(Buffer.from(piece.subarray(at, field.isShort ? Math.min(end, at + shortBytes) : end)))
            begunBytes += end - at
          }
          break
        }
        const raw =
          begun.length === 0
            ? piece.toString('latin1', at, end)
            : Buffer.concat([...begun, piece.subarray(at, end)]).toString('latin1')
        begun = []
        begunBytes = 0
        writeText(state, masked(field, raw))
        writeText(state, column === last ? '\n' : '\t')
        column = column === last ? 0 : column + 1
        at = stop + 1
      }
      return state.output.subarray(0, state.length)
    },
    get open() {
      return column !== 0 || begun.length > 0
    },
    canaries: () =>
      new Map(
        fields.flatMap(({ name, sample }): [string, string[]][] => {
          const values = sample?.values() ?? []
          return values.length > 0 ? [[name, values]] : []
        }),
      ),
  }

  /** The end of fields that stay, up to and with the delimiter before the next one that is masked. */
  function endOfKept(piece: Buffer, from: number): number {
    let at = from
    while (at < piece.length && fields[column]?.mask === null) {
      const stop = piece.indexOf(column === last ? newline : tab, at)
      if (stop < 0) return piece.length
      column = column === last ? 0 : column + 1
      at = stop + 1
    }
    return at
  }
}

function masked({ mask, sample, isSampled, isPlain }: Field, raw: string): string {
  if (raw === nullField) return nullField
  const value = unescapeField(raw)
  if (isSampled) sample?.add(value)
  const made = (mask as ValueMasker)(value)
  if (made === null) return nullField
  return isPlain ? made : escapeField(made)
}

interface Output {
  output: Buffer
  length: number
}

function write(state: Output, from: Buffer, start: number, end: number): void {
  reserve(state, end - start)
  from.copy(state.output, state.length, start, end)
  state.length += end - start
}

function writeText(state: Output, text: string): void {
  reserve(state, text.length)
  state.length += state.output.write(text, state.length, 'latin1')
}

function reserve(state: Output, bytes: number): void {
  if (state.length + bytes <= state.output.length) return
  const larger = Buffer.allocUnsafe(Math.max(state.output.length * 2, state.length + bytes + 4096))
  state.output.copy(larger, 0, 0, state.length)
  state.output = larger
}
