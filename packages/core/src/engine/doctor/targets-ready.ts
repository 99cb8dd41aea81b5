import { readTargetState } from '../../restore/target/target-state.ts'
import { createTargets } from '../targets.ts'
import type { DoctorCheck, Probe, RepositoryContext } from './probe.ts'

/** The targets of refreshes: adopted, reachable, and with nothing left behind by a refresh that died. */
export const targetsReady: Probe<RepositoryContext> = {
  id: 'targets',
  async run({ parts, repository, signal }) {
    const targets = createTargets(parts)
    const now = Date.now()
    const checks: DoctorCheck[] = []
    for (const name of targets.names()) {
      const found = await readTargetState({ ...targets.find(name), repository: repository.id }, { signal })
      const id = `target.${name}`
      const advice = found.state === 'unreachable' ? undefined : 'Adopt it once with {targets.adopt}.'
      const age = found.refreshed ? `has backup ${found.refreshed.number}` : 'was not refreshed yet'
      if (found.state === 'ready') checks.push({ id, level: 'ok', message: `The target "${name}" ${age}.` })
      else
        checks.push({ id, level: 'warning', message: `The target "${name}" cannot be refreshed: ${found.why}`, advice })
      const over = found.kept.filter(({ keepUntil }) => keepUntil !== null && Date.parse(keepUntil) <= now)
      for (const { message } of [
        ...found.leftovers.map((database) => ({ message: `"${database}" was left behind by a refresh, which died.` })),
        ...over.map(({ database }) => ({ message: `"${database}" was replaced by a refresh, and its time is over.` })),
      ])
        checks.push({ id, level: 'warning', message, advice: 'Drop it with {maintenance.cleanLeftovers}.' })
    }
    return checks
  },
}
