import { readScrubState } from '../scrub-state.ts'
import type { Probe, RepositoryContext } from './probe.ts'

/** Whether what is stored is read again from time to time. */
export const repositoryScrub: Probe<RepositoryContext> = {
  id: 'repository.scrub',
  async run({ repository, signal }) {
    const id = 'repository.scrub'
    const state = await readScrubState(repository, { signal })
    const advice = 'To have it read again in the background: {config.change} with scrub_days=30.'
    if (!state) {
      const message = 'What is stored is read again when you verify it, not in the background.'
      return [{ id, level: 'ok', message, advice }]
    }
    const { message } = state
    const isOld = Date.now() - Date.parse(state.last_at) > 3 * 86_400_000
    if (state.last_problems > 0)
      return [{ id, level: 'warning', message, advice: 'Repair from a copy: {maintenance.repair}.' }]
    return [{ id, level: isOld ? 'warning' : 'ok', message, ...(isOld ? { advice } : {}) }]
  },
}
