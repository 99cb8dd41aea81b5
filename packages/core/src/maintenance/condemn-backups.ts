import { recordVerification } from '../repository/documents/verifications.ts'
import type { Repository } from '../repository/repository.ts'
import type { CheckProblem } from './check.ts'

/** Of each backup, at most so many problems are kept. */
const mostProblems = 20

/**
 * Records a failed verification (`checksums`) beside each backup that problems name, so that it counts as good no more:
 * not for `status`, not for retention, and not as a base. A verification that finds it good lifts that again.
 * Resolves their ids.
 */
export async function condemnBackups(
  repository: Repository,
  problems: readonly CheckProblem[],
  now = new Date(),
): Promise<string[]> {
  const said = new Map<string, string[]>()
  for (const { message, backups } of problems)
    for (const id of new Set(backups)) said.set(id, [...(said.get(id) ?? []), message])
  for (const [backup, messages] of said)
    await recordVerification(repository, {
      ...{ backup, level: 'checksums', at: now.toISOString(), ok: false },
      problems: messages.slice(0, mostProblems),
    })
  return [...said.keys()]
}
