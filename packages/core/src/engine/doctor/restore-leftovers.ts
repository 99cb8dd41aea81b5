import { findMediaLeftovers, type MediaLeftover } from '../../restore/media/settle-media.ts'
import { listKeptDatabases } from '../../restore/undo/kept-databases.ts'
import { cleanLeftovers, findLeftovers } from '../../restore/undo/leftovers.ts'
import { serverTime } from '../../restore/undo/server-time.ts'
import { listKeptMedia } from '../../restore/undo/undo-media.ts'
import { quoted } from './folders.ts'
import type { DatabaseContext, DoctorCheck, Probe } from './probe.ts'

/** What killed restores left behind, removed where that is asked for, and what is kept for an undo: of this database alone. */
export const restoreLeftovers: Probe<DatabaseContext> = {
  id: 'restore.leftovers',
  async run({ parts, session, parameters, fix, signal, report }) {
    const media = parts.mediaFolders().map(({ path }) => path)
    const dropped = fix ? (await cleanLeftovers(parameters, { signal, report, media })).dropped : []
    const checks: DoctorCheck[] = dropped.map((name) => ({
      id: 'restore.leftovers',
      level: 'ok',
      message: `Dropped "${name}".`,
    }))
    for (const { database, restoreId } of await findLeftovers(session.query, parameters.database)) {
      checks.push({
        id: 'restore.leftovers',
        level: 'warning',
        message: `"${database}" was left behind by restore ${restoreId}, which died.`,
        advice: 'Remove it with {maintenance.cleanLeftovers}.',
      })
    }
    const now = await serverTime(session.query)
    for (const { name, database, keepUntil } of await listKeptDatabases(session.query, parameters.database))
      checks.push(keptCheck(`"${name}" is kept for an undo of the restore of "${database}"`, keepUntil, now))
    for (const { kept, folder, keepUntil, database } of await listKeptMedia(session.query, media))
      if (database === parameters.database)
        checks.push(keptCheck(`"${kept}" is kept of the media folder ${folder}`, keepUntil, now))
    for (const left of await findMediaLeftovers(session.query, media))
      if (left.database === parameters.database) checks.push(mediaCheck(left))
    if (checks.length === 0)
      checks.push({ id: 'restore.leftovers', level: 'ok', message: 'No restore has left anything behind.' })
    return checks
  },
}

/** Of folders that come into place together one that is not there holds up the others. */
function mediaCheck({ folder, restoreId, fresh, missing: [gone] }: MediaLeftover): DoctorCheck {
  const left = `"${fresh}" was left behind for the media folder ${folder} by restore ${restoreId}`
  const check = { id: 'restore.leftovers', level: 'warning' } as const
  if (gone === undefined)
    return {
      ...check,
      message: `${left}.`,
      advice: 'Put it into place, or remove it where its database is not live, with {maintenance.cleanLeftovers}.',
    }
  return {
    ...check,
    message: `${left}, and waits for the folder ${gone}, which shows nothing of it.`,
    advice: `Mount it and run {maintenance.cleanLeftovers}. Where it does not come back, add {without} ${quoted(gone)}.`,
  }
}

/** What is kept longer than it had to be takes space until the next restore or clean-up. */
function keptCheck(text: string, keepUntil: string | null, now: Date): DoctorCheck {
  const id = 'restore.kept'
  if (keepUntil === null) return { id, level: 'ok', message: `${text}, until it is discarded.` }
  const isOver = new Date(keepUntil) < now
  if (!isOver) return { id, level: 'ok', message: `${text} until ${keepUntil.slice(0, 10)}.` }
  return {
    id,
    level: 'warning',
    message: `${text}, and its time was over on ${keepUntil.slice(0, 10)}.`,
    advice: 'Drop it with {maintenance.cleanLeftovers}.',
  }
}
