import type { HostContext, Probe } from './probe.ts'

/** Whether history, tasks and settings can be read. Backups do not depend on it. */
export const catalogReadable: Probe<HostContext> = {
  id: 'catalog',
  async run({ catalogProblem }) {
    const problem = await catalogProblem()
    if (problem) throw problem
    return []
  },
}
