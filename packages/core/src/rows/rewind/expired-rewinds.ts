import { deleteRewind, listRewinds } from '../../repository/documents/rewinds.ts'
import type { RestoreContext, Running } from '../../restore/options.ts'

const dayMs = 86_400_000

/** Until when a rewind can be undone, as long as a replaced database is kept; `null`: until it is undone. */
export function undoUntil(at: string, keepReplacedDays = 7): string | null {
  return keepReplacedDays === 0 ? null : new Date(Date.parse(at) + keepReplacedDays * dayMs).toISOString()
}

/** Deletes what it takes to undo rewinds whose time is over. Gives their ids. */
export async function deleteExpiredRewinds(
  { repository, keepReplacedDays }: Pick<RestoreContext, 'repository' | 'keepReplacedDays'>,
  { signal, now = Date.now() }: Running & { now?: number } = {},
): Promise<string[]> {
  const deleted: string[] = []
  for (const { id, at } of await listRewinds(repository, { signal })) {
    const until = undoUntil(at, keepReplacedDays)
    if (until === null || Date.parse(until) > now) continue
    await deleteRewind(repository, id)
    deleted.push(id)
  }
  return deleted
}
