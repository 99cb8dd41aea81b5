import type { PseudonymShape } from './column-mask.ts'
import type { Pseudonym } from './policy.ts'
import { textRoom } from './pseudonym.ts'

interface Unfit {
  code: 'MASK_TYPE' | 'MASK_UNIQUE'
  problem: string
}

const bits: Record<string, 16 | 32 | 64> = { smallint: 16, integer: 32, bigint: 64 }

/** What a pseudonym of a type looks like, or why there is none that fits. */
export function shapeOf(type: string, kind: Pseudonym, { unique }: { unique: boolean }): PseudonymShape | Unfit {
  if (kind === 'hash') {
    const size = bits[type]
    if (size !== undefined) return { form: 'integer', bits: size }
    if (type === 'uuid') return { form: 'uuid' }
    if (type === 'bytea') return { form: 'bytea' }
  }
  const text = /^(?:text|name|(?:[^.]+\.)?citext|character varying|character|bpchar)(?:\((\d+)\))?$/.exec(type)
  if (!text) return { code: 'MASK_TYPE', problem: `its type is ${type}` }
  const most = text[1] === undefined ? (type === 'name' ? 63 : null) : Number(text[1])
  const room = textRoom(kind)
  if (unique && room.unique === null)
    return { code: 'MASK_UNIQUE', problem: 'it is part of a unique key, and names and numbers of phones repeat' }
  const least = unique ? (room.unique ?? 0) : room.least
  if (most !== null && most < least)
    return unique
      ? {
          code: 'MASK_UNIQUE',
          problem: `it is part of a unique key, and ${most} characters are too few to tell values apart (${least} are needed)`,
        }
      : { code: 'MASK_TYPE', problem: `it has room for ${most} characters, and ${least} are needed` }
  return { form: 'text', most, fold: /citext/.test(type) }
}
