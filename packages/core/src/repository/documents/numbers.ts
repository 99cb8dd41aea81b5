import { z } from 'zod'
import { EngineError } from '../../errors.ts'
import { atOnce, documentsAtOnce } from '../concurrency.ts'
import { prefixes } from '../layout.ts'
import type { Repository } from '../repository.ts'
import { listManifests } from './manifests.ts'
import { getDocument, putDocument } from './sealed-document.ts'
import { readOrNote, type UnreadableOptions } from './unreadable.ts'

const claimSchema = z.object({ format: z.number().int().positive(), number: z.number().int().positive() })

/** Numbers have at most 15 digits: whole numbers that JavaScript counts exactly. */
const numberPattern = /^[1-9]\d{0,14}$/

/**
 * A number for a new backup, higher than every one claimed before, never given twice. Claims are objects written if
 * absent, and the highest one is never deleted. What lies among them and is no claim of ours is stepped over.
 */
export async function claimNumber(repository: Repository, options: { signal?: AbortSignal } = {}): Promise<number> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const { highest, names } = await readClaims(repository, options)
    let number = (highest ?? (await highestStored(repository, options))) + 1
    while (names.has(number)) number++
    if (!(await putDocument(repository, numberName(number), { format: 1, number }, { ifAbsent: true, ...options })))
      continue
    // Where old claims were cleaned up while we were held up, this number may have been given and removed before.
    if ((await readClaims(repository, { ...options, own: number })).highest === number) return number
  }
  throw new EngineError('STORAGE_FAILED', 'No backup number could be claimed: too many others claim numbers now.')
}

/** What lies under `numbers/`. */
interface Claims {
  /** Of the claims that open; null where there is none. */
  highest: number | null
  /** Every number that is the name of an object, a claim or not. */
  names: Set<number>
}

/** Reads claims from the top until one opens: the rest is lower. `own` was written just now and needs no reading. */
async function readClaims(
  repository: Repository,
  { own, ...options }: { signal?: AbortSignal; own?: number },
): Promise<Claims> {
  const found: number[] = []
  for await (const { name } of repository.storage.list(prefixes.numbers, options)) {
    const digits = name.slice(prefixes.numbers.length)
    if (numberPattern.test(digits)) found.push(Number(digits))
  }
  const names = new Set(found)
  for (const number of found.sort((a, b) => b - a))
    if (number === own || (await readClaim(repository, number, options))) return { highest: number, names }
  return { highest: null, names }
}

async function readClaim(
  repository: Repository,
  number: number,
  options: { signal?: AbortSignal } & UnreadableOptions,
): Promise<boolean> {
  const name = numberName(number)
  const claim = await readOrNote(name, options, () => getDocument(repository, name, claimSchema, options))
  return claim?.number === number
}

/** Where no claim is left, the backups themselves say which numbers have been given. */
async function highestStored(repository: Repository, options: { signal?: AbortSignal }): Promise<number> {
  let highest = 0
  for await (const { manifest } of listManifests(repository, options))
    highest = Math.max(highest, manifest?.number ?? 0)
  return highest
}

/** Opens every claim. What is no claim is noted in `unreadable`. */
export async function checkNumbers(
  repository: Repository,
  { signal, unreadable }: { signal?: AbortSignal } & UnreadableOptions = {},
): Promise<number[]> {
  const numbers: number[] = []
  for await (const { name } of repository.storage.list(prefixes.numbers, { signal })) {
    const open = () => getDocument(repository, name, claimSchema, { signal })
    const claim = await readOrNote(name, { unreadable }, open)
    if (claim !== null) numbers.push(claim.number)
  }
  return numbers.sort((a, b) => a - b)
}

/**
 * Deletes the claims below the highest: they are not needed any more. By one listing: claims that are made after it are
 * higher.
 */
export async function cleanNumbers(repository: Repository, options: { signal?: AbortSignal } = {}): Promise<void> {
  const { highest, names } = await readClaims(repository, options)
  const old = [...names].filter((number) => highest !== null && number < highest)
  await atOnce(old, documentsAtOnce, (number) => repository.storage.delete(numberName(number), options))
}

function numberName(number: number): string {
  return `${prefixes.numbers}${number}`
}
