import { newestOf } from '../../policy/backup-order.ts'
import type { Verification } from '../../repository/documents/verifications.ts'
import { readStatus } from '../read-status.ts'
import { backupsOf } from '../resolve-backup.ts'
import { readStoredBackups } from '../stored-backups.ts'
import { isGood, type StoredBackup, sourceOf } from '../summary.ts'
import type { StoredFacts } from './checklist-facts.ts'
import type { ChecklistGround } from './read-checklist-facts.ts'

/** Copies have a point of their own. */
const noCopies = { states: async () => [] }

/** What the repository says of the backups of one database. Throws what opening or reading it throws. */
export async function readStoredFacts(
  { parts, signal }: Pick<ChecklistGround, 'parts' | 'signal'>,
  database: string,
): Promise<StoredFacts> {
  const { backups, verifications } = await readStoredBackups(await parts.repository(), signal)
  const sources = backups.map((stored) => ({ ...sourceOf(stored), stored }))
  const all = backupsOf(sources, await parts.meant(database, sources)).own
  const own = all.filter(({ media_only }) => !media_only).map(({ stored }) => stored)
  const good = own.filter(isGood)
  const withMedia = all.map(({ stored }) => stored).filter((stored) => isGood(stored) && stored.manifest.include_media)
  const ids = new Set(own.map(({ manifest }) => manifest.id))
  const newest = newestBackup(good)
  return {
    status: await readStatus(parts, noCopies, { database, signal }),
    newestAt: madeAt(newest),
    readWholeAt: newest ? (newest.manifest.change?.last_full_at ?? newest.manifest.created_at) : null,
    restoreTest: restoreTestOf(verifications.filter(({ backup }) => ids.has(backup))),
    withMediaAt: madeAt(newestBackup(withMedia)),
    scheduledAt: madeAt(newestBackup(own.filter(({ manifest }) => manifest.trigger === 'schedule'))),
  }
}

const newestBackup = (backups: readonly StoredBackup[]): StoredBackup | undefined =>
  newestOf(backups.map((stored) => ({ stored, number: stored.manifest.number, id: stored.manifest.id })))?.stored

const madeAt = (stored: StoredBackup | undefined): string | null => stored?.manifest.completed_at ?? null

/** The newest verifications by a restore that found something out. Pure; `records` are oldest first. */
export function restoreTestOf(records: readonly Verification[]): StoredFacts['restoreTest'] {
  const tests = records.filter(({ level, unknown }) => level === 'restore' && !unknown)
  const bad = tests.findLast(({ ok }) => !ok)
  return {
    goodAt: tests.findLast(({ ok }) => ok)?.at ?? null,
    bad: bad ? { at: bad.at, problem: bad.problems[0] ?? '' } : null,
  }
}
