import { z } from 'zod'
import { EngineError } from '../errors.ts'
import { atOnce, documentsAtOnce } from './concurrency.ts'
import { prefixes } from './layout.ts'
import type { Repository } from './repository.ts'
import { getDocument, putDocument } from './sealed-document.ts'

const claimSchema = z.object({ format: z.number().int().positive(), number: z.number().int().positive() })

/**
 * A number for a new backup, higher than every one claimed before, never given twice. Claims are objects written if
 * absent; the highest one is never deleted.
 */
export async function claimNumber(repository: Repository, options: { signal?: AbortSignal } = {}): Promise<number> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const number = (await highestNumber(repository, options)) + 1
    const name = numberName(number)
    if (!(await putDocument(repository, name, { format: 1, number }, { ifAbsent: true, ...options }))) continue
    // Where old claims were cleaned up while we were held up, this number may have been given and removed before.
    if ((await highestNumber(repository, options)) === number) return number
  }
  throw new EngineError('STORAGE_FAILED', 'No backup number could be claimed: too many others claim numbers now.')
}

/** The highest number claimed so far; 0 where there is none. */
export async function highestNumber(repository: Repository, options: { signal?: AbortSignal } = {}): Promise<number> {
  let highest = 0
  for await (const { name } of repository.storage.list(prefixes.numbers, options)) {
    const digits = name.slice(prefixes.numbers.length)
    if (/^[1-9]\d{0,14}$/.test(digits)) highest = Math.max(highest, Number(digits))
  }
  return highest
}

/** Opens every claim; throws `REPOSITORY_DAMAGED` for one that is not what a writer stored. */
export async function checkNumbers(repository: Repository, options: { signal?: AbortSignal } = {}): Promise<number[]> {
  const numbers: number[] = []
  for await (const { name } of repository.storage.list(prefixes.numbers, options)) {
    const claim = await getDocument(repository, name, claimSchema, options)
    if (claim !== null) numbers.push(claim.number)
  }
  return numbers.sort((a, b) => a - b)
}

/** Deletes the claims below the highest: they are not needed any more. */
export async function cleanNumbers(repository: Repository, options: { signal?: AbortSignal } = {}): Promise<void> {
  const highest = await highestNumber(repository, options)
  const old: string[] = []
  for await (const { name } of repository.storage.list(prefixes.numbers, options))
    if (name !== numberName(highest)) old.push(name)
  await atOnce(old, documentsAtOnce, (name) => repository.storage.delete(name, options))
}

function numberName(number: number): string {
  return `${prefixes.numbers}${number}`
}
