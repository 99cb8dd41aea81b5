import type { Probe, RepositoryContext } from './probe.ts'

/** Pins, annotations and verification records that cannot be read. They hold no data, and keep nothing from going on. */
export const unreadableRecords: Probe<RepositoryContext> = {
  id: 'repository.record',
  async run({ stored }) {
    const { unreadable } = await stored()
    return unreadable.map(({ object, message }) => ({
      id: 'repository.record',
      level: 'warning',
      message: `${object} cannot be read: ${message}`,
      advice: 'It holds no data. {maintenance.repair} takes it from a copy, or removes it.',
    }))
  },
}
