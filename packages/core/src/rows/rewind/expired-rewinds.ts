import { deleteRewind, listRewinds } from '../../repository/documents/rewinds.ts'
import { storageTime } from '../../repository/storage-time.ts'
import type { RestoreContext, Running } from '../../restore/options.ts'

const dayMs = 86_400_000

/** Until when a rewind can be undone, as long as a replaced database is kept; `null`: until it is undone. */
export function undoUntil(at: string, keepReplacedDays = 7): string | null {
  return keepReplacedDays === 0 ? null : new Date(Date.parse(at) + keepReplacedDays * dayMs).toISOString()
}

/**
 * Deletes what it takes to undo rewinds whose time is over, by the clocks of this host and of the storage: one that is ahead
 * ends nothing. Gives their ids.
 */
export async function deleteExpiredRewinds(
  { repository, keepReplacedDays }: Pick<RestoreContext, 'repository' | 'keepReplacedDays'>,
  { signal, now }: Running & { now?: number } = {},
): Promise<string[]> {
  const deleted: string[] = []
  const isOver = ({ at }: { at: string }, time: number) => {
    const until = undoUntil(at, keepReplacedDays)
    return until !== null && Date.parse(until) <= time
  }
  const over = (await listRewinds(repository, { signal })).filter((one) => isOver(one, now ?? Date.now()))
  if (over.length === 0) return []
  const time = now ?? Math.min(Date.now(), ((await storageTime(repository, { signal })) ?? new Date()).getTime())
  for (const { id, at } of over) {
    if (!isOver({ at }, time)) continue
    await deleteRewind(repository, id)
    deleted.push(id)
  }
  return deleted
}
