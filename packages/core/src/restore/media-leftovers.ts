import { readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { log } from '../events.ts'
import type { Query } from '../postgres/query.ts'
import { listKeptDatabases } from './kept-databases.ts'
import { swapMedia } from './media-restore.ts'
import { isRestoreId } from './names.ts'
import type { Running } from './options.ts'
import { isRestoreRunning } from './restore-lock.ts'

/** A folder unpacked beside `target` by a restore that is gone. */
export interface MediaLeftover {
  target: string
  fresh: string
  restoreId: string
}

export async function findMediaLeftovers(query: Query, targets: readonly string[]): Promise<MediaLeftover[]> {
  const leftovers: MediaLeftover[] = []
  for (const target of targets.map((path) => resolve(path))) {
    const prefix = `${basename(target)}.restoring-`
    for (const name of await readdir(dirname(target)).catch(() => [])) {
      const restoreId = name.slice(prefix.length)
      if (!name.startsWith(prefix) || !isRestoreId(restoreId) || (await isRestoreRunning(query, restoreId))) continue
      leftovers.push({ target, fresh: join(dirname(target), name), restoreId })
    }
  }
  return leftovers
}

/**
 * Ends what a restore that died had begun with media folders. If it died after its database went live (the kept
 * database bears its id), its folder is complete and goes live too; else it is removed, and a folder that had just
 * been moved aside comes back.
 */
export async function cleanMediaLeftovers(
  query: Query,
  targets: readonly string[],
  { report }: Running = {},
): Promise<{ finished: string[]; removed: string[] }> {
  const done = { finished: [] as string[], removed: [] as string[] }
  const leftovers = await findMediaLeftovers(query, targets)
  if (leftovers.length === 0) return done
  const live = new Set((await listKeptDatabases(query)).map(({ restoreId }) => restoreId))
  for (const { target, fresh, restoreId } of leftovers) {
    if (live.has(restoreId)) {
      await swapMedia({ name: basename(target), target, fresh }, new Date())
      log(report, 'info', `Media folder ${target} now belongs to restore ${restoreId}, which died before this step.`)
      done.finished.push(target)
      continue
    }
    await putBack(target)
    await rm(fresh, { recursive: true, force: true })
    log(report, 'info', `Removed ${fresh}, left behind by restore ${restoreId}.`)
    done.removed.push(fresh)
  }
  return done
}

/** The newest folder moved aside, where nothing has taken its place. */
async function putBack(target: string): Promise<void> {
  if (await stat(target).catch(() => null)) return
  const base = basename(target)
  const aside = (await readdir(dirname(target)))
    .filter((name) => name.startsWith(base) && /^_before_\d{14}$/.test(name.slice(base.length)))
    .sort()
    .at(-1)
  if (aside !== undefined) await rename(join(dirname(target), aside), target)
}
