import { preferErrorOf } from '../backup/prefer-error-of.ts'
import type { Repository } from '../repository/repository.ts'
import type { EngineParts } from './parts.ts'

/**
 * Opens the repository and does `work` at the same time, such as loading the modules for what comes next: deriving the
 * key of a passphrase takes a third of a second in another thread. Opening starts first, because loading modules blocks
 * this thread. Where both fail, the repository's error is reported.
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
