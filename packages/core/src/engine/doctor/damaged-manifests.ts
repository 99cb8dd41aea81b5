import type { Probe, RepositoryContext } from './probe.ts'

export const damagedManifests: Probe<RepositoryContext> = {
  id: 'repository.manifest',
  async run({ stored }) {
    const { damaged } = await stored()
    return damaged.map(({ id, message }) => ({
      id: 'repository.manifest',
      level: 'failed',
      message: `Backup ${id}: ${message}`,
      advice: 'Run {maintenance.check} to see what else is damaged.',
    }))
  },
}
