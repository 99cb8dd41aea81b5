import { missingReserve } from '../../repository/reserve.ts'
import type { Probe, RepositoryContext } from './probe.ts'

/** Whether there is something to give up when the storage is full. A backup makes it, where there is room. */
export const repositoryReserve: Probe<RepositoryContext> = {
  id: 'repository.reserve',
  async run({ parts, repository, stored, signal }) {
    const id = 'repository.reserve'
    const { backups } = await stored()
    if (backups.length === 0) return []
    const missing = await missingReserve(repository, parts.settings.reserveBytes, { signal })
    if (missing === 0) return []
    const size = `${Math.ceil(missing / 2 ** 20)} MiB`
    return [
      {
        id,
        level: 'warning',
        message: `The reserve of ${size} in the repository is not there: on a full storage even deleting could fail.`,
        advice:
          'The next backup makes it again where four times its size is free. Until then forget old backups, run {maintenance.prune}, or give it more space.',
      },
    ]
  },
}
