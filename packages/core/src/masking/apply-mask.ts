import { EngineError } from '../errors.ts'
import type { ColumnMask, LeafMask } from './column-mask.ts'
import { domainHash } from './keyed-hash.ts'
import { jsonRules, maskJson } from './mask-json.ts'
import { numberNoise } from './number-noise.ts'
import { pseudonymOf } from './pseudonym.ts'
import { dateShift } from './shift-date.ts'

/** Texts are bytes read as Latin-1, whatever their encoding. Null is NULL. */
export type ValueMasker = (value: string) => string | null

/** Told of texts that were in place of what is masked. */
export type Sampler = (original: string) => void

const utf8 = (text: string) => Buffer.from(text, 'utf8').toString('latin1')

/** The function that a mask is. What is not NULL is given to it. */
export async function valueMasker(
  mask: ColumnMask,
  { key, place, sample }: { key: string; place: string; sample?: Sampler },
): Promise<ValueMasker> {
  switch (mask.kind) {
    case 'null':
      return () => null
    case 'fixed': {
      const text = utf8(mask.text)
      return () => text
    }
    case 'pseudonym':
      return pseudonymOf(key, mask)
    case 'shift':
      return dateShift(mask.days, domainHash(key, `shift ${mask.days}`))
    case 'noise':
      return numberNoise(mask.type, mask.share, domainHash(key, mask.domain))
    case 'json':
      return jsonMasker(mask, key, sample)
    case 'function':
      return functionMasker(mask, place)
  }
}

function jsonMasker({ paths }: ColumnMask & { kind: 'json' }, key: string, sample: Sampler = () => {}): ValueMasker {
  const rules = jsonRules(paths)
  const pseudonyms = new Map<LeafMask, (value: string) => string>()
  const leaf = (value: string, mask: LeafMask): string | null => {
    sample(value)
    if (mask.kind === 'fixed') return utf8(mask.text)
    if (mask.kind !== 'pseudonym') return null
    const make = pseudonyms.get(mask) ?? pseudonymOf(key, mask)
    pseudonyms.set(mask, make)
    return make(value)
  }
  return (text) => maskJson(text, rules, leaf)
}

/** What it throws may have a value in its message: only its place is told. */
async function functionMasker(mask: { module: string; export: string }, place: string): Promise<ValueMasker> {
  const failed = (why: string) =>
    new EngineError('MASK_FAILED', `The masking function of ${place} ${why}.`, { detail: { column: place } })
  const loaded: unknown = await import(mask.module).catch(() => null)
  const made: unknown = typeof loaded === 'object' && loaded !== null ? Reflect.get(loaded, mask.export) : undefined
  if (typeof made !== 'function') throw failed('cannot be loaded: its module has no such export, or fails')
  return (value) => {
    let masked: unknown
    try {
      masked = made(Buffer.from(value, 'latin1').toString('utf8'))
    } catch {
      throw failed('threw an error')
    }
    if (masked === null) return null
    if (typeof masked !== 'string') throw failed('gave neither a text nor null')
    return utf8(masked)
  }
}
