import { preferErrorOf } from '../backup/prefer-error-of.ts'
import type { Repository } from '../repository/repository.ts'
import type { EngineParts } from './parts.ts'

/**
 * Opens the repository and does `work` meanwhile, such as loading what is going to be done with it: deriving the key of a
 * passphrase takes a third of a second in another thread. It is begun first, because to load keeps this thread from
 * beginning anything. Where both fail, the repository's error is the one that is told.
 */
export async function whileOpening<T>(
  parts: Pick<EngineParts, 'repository' | 'keyChecked'>,
  work: () => Promise<T>,
): Promise<{ opening: Promise<Repository>; done: T }> {
  const opening = parts.repository()
  opening.catch(() => {})
  await parts.keyChecked()
  return { opening, done: await preferErrorOf(opening, work()) }
}
