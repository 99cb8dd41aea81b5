import type { HostContext, Probe } from './probe.ts'

/** The copies of the repository: there, and in step with it. */
export const copiesCurrent: Probe<HostContext> = {
  id: 'copies',
  async run({ copies, signal }) {
    const states = await copies.states({ signal, fresh: true })
    return states.map(({ name, level, message, error }) => {
      const advice = error ? error.advice : `Bring copy "${name}" up to date with {copies.update}.`
      return { id: `copy.${name}`, level, message, ...(level === 'ok' ? {} : { advice }) }
    })
  },
}
