import type { Probe, RepositoryContext } from './probe.ts'

export const repositorySpace: Probe<RepositoryContext> = {
  id: 'repository.space',
  async run({ parts }) {
    const id = 'repository.space'
    if (!parts.storage.freeBytes) return []
    const free = await parts.storage.freeBytes()
    const gigabytes = free / 1e9
    if (gigabytes >= 2) return [{ id, level: 'ok', message: `${gigabytes.toFixed(0)} GB are free at the repository.` }]
    const amount = gigabytes < 0.1 ? `${Math.floor(free / 1e6)} MB` : `${gigabytes.toFixed(1)} GB`
    const message = `Only ${amount} are free at the repository.`
    return [
      {
        id,
        level: 'warning',
        message,
        advice: 'Forget old backups and run {maintenance.prune}, or give it more space.',
      },
    ]
  },
}
