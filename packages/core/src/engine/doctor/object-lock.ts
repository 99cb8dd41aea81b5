import { configName } from '../../repository/layout.ts'
import type { Probe, RepositoryContext } from './probe.ts'

/** Whether the store really locks: by what it says of `config`, whose lock every backup renews. */
export const objectLock: Probe<RepositoryContext> = {
  id: 'repository.object_lock',
  async run({ parts, signal }) {
    const id = 'repository.object_lock'
    const { objectLock } = parts.storage
    if (!objectLock) return []
    const until = await objectLock.lockedUntil(configName, { signal })
    const days = Math.round(objectLock.periodMs / 86_400_000)
    if (until && until.getTime() > Date.now())
      return [
        { id, level: 'ok', message: `What backups need is locked (${objectLock.mode}) for ${days} days after each.` },
      ]
    const message = 'Object lock is asked for, and the storage says of no lock.'
    return [
      { id, level: 'warning', message, advice: 'Make a backup, and see that its role has s3:GetObjectRetention.' },
    ]
  },
}
