import { examineRecoverCopy } from '../../maintenance/recover-copy.ts'
import type { Repository } from '../../repository/repository.ts'
import type { DoctorCheck } from './doctor-report.ts'
import type { Probe, RepositoryContext } from './probe.ts'

export const recoverCopy: Probe<RepositoryContext> = {
  id: 'repository.recover',
  run: async ({ repository, signal }) => [await recoverCheck(repository, signal)],
}

/** Is the recovery program in the repository the one that is shipped? */
async function recoverCheck(repository: Repository, signal?: AbortSignal): Promise<DoctorCheck> {
  const id = 'repository.recover'
  const { stored, shipped, warning } = await examineRecoverCopy(repository, { signal })
  if (warning) return { id, level: 'warning', message: warning.message, advice: warning.advice }
  if (shipped === null)
    return {
      id,
      level: 'warning',
      message: 'This installation has no recover.mjs to compare with.',
      advice: 'Install the package @lifeboat/core again.',
    }
  return { id, level: 'ok', message: `recover.mjs in the repository is the shipped one, SHA-256 ${stored}.` }
}
