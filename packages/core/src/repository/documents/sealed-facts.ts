import { z } from 'zod'
import { isEngineError } from '../../errors.ts'
import { prefixes, randomName } from '../layout.ts'
import type { Repository } from '../repository.ts'
import { getDocument, putDocument } from './sealed-document.ts'

const sealedFactSchema = z.object({
  format: z.number().int().positive(),
  at: z.iso.datetime({ offset: true }),
  fact: z.record(z.string(), z.unknown()),
})

/** A fact that no catalog was there to record. */
export interface SealedFact {
  /** Name of the object. */
  name: string
  at: string
  fact: Record<string, unknown>
}

/** Keeps a fact in the repository until an engine with a catalog takes it in. */
export async function sealFact(repository: Repository, at: string, fact: Record<string, unknown>): Promise<void> {
  const name = `${prefixes.facts}${at.replaceAll(/[^0-9TZ]/g, '')}-${randomName().slice(0, 16)}`
  await putDocument(repository, name, { format: 1, at, fact })
}

/** What was sealed, oldest first. One that does not open carries no data and is passed over. */
export async function listSealedFacts(
  repository: Repository,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<SealedFact[]> {
  const facts: SealedFact[] = []
  for await (const { name } of repository.storage.list(prefixes.facts, signal ? { signal } : {})) {
    try {
      const found = await getDocument(repository, name, sealedFactSchema, signal ? { signal } : {})
      if (found) facts.push({ name, at: found.at, fact: found.fact })
    } catch (error) {
      if (!isEngineError(error, 'REPOSITORY_DAMAGED') && !isEngineError(error, 'REPOSITORY_FORMAT_NEWER')) throw error
    }
  }
  return facts.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.name < b.name ? -1 : 1))
}

/** Once it is in a catalog. */
export async function forgetSealedFact(repository: Repository, name: string): Promise<void> {
  await repository.storage.delete(name)
}
