import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { counted } from '../../counted.ts'
import { EngineError } from '../../errors.ts'
import { log } from '../../events.ts'
import type { Query } from '../../postgres/query.ts'
import type { RestoreOptions } from '../options.ts'
import { type RestoredMedia, type RestoreProblem, restoreProblem } from '../restore-result.ts'
import type { RestoreRun } from '../restore-run.ts'
import { keepUntil } from '../undo/kept-databases.ts'
import { serverTime } from '../undo/server-time.ts'
import { exchangeMedia } from './exchange-media.ts'
import { type MediaTarget, mediaTargets } from './media-names.ts'
import { type MediaNote, mediaPaths, type NotedMedia, removeNoted, writeMediaNote } from './media-note.ts'
import { findMediaPlace, resolveMediaFolder } from './media-place.ts'
import { readSystemIdentifier } from './settle-media.ts'
import { unpackMedia } from './unpack-media.ts'

/** Media folders that are unpacked and wait for their database to go live. */
export interface WaitingMedia {
  /** The folders that are going to be replaced or made, links followed. */
  folders: string[]
  /** Writes down by what the server will say that the restore is live, for whoever cleans up after a crash. */
  prove(proof: NonNullable<MediaNote['proof']>): Promise<void>
  /** Puts every folder into place that can be; the database is live by now, so a failure is told and not thrown. */
  place(): Promise<{ media: RestoredMedia[]; problems: RestoreProblem[] }>
  /** Removes what was unpacked: nothing has gone live. */
  abandon(): Promise<void>
}

/**
 * The media targets of a restore. A configured folder belongs to the configured database: restored under another name,
 * or into a new database, media go beside it. Links are followed first, so that "beside" is where the files are.
 */
export async function findMediaTargets(
  names: readonly string[],
  { mediaTarget, strategy }: Pick<RestoreOptions, 'mediaTarget' | 'strategy'>,
  { media, live, database }: { media: readonly { name: string; path: string }[]; live: string; database: string },
): Promise<MediaTarget[]> {
  const replaces = strategy !== 'new-database'
  const beside = replaces && database === live ? null : database
  const configured =
    beside === null
      ? media
      : await Promise.all(media.map(async ({ name, path }) => ({ name, path: await resolveMediaFolder(path) })))
  return mediaTargets(names, mediaTarget, configured, { beside, replaces })
}

/** Unpacks the media of a backup beside what is live. On failure nothing is left. */
export async function unpackAllMedia(
  run: RestoreRun,
  { database, query }: { database: string; query: Query },
): Promise<WaitingMedia> {
  const { manifest, options, context, progress, id } = run
  const names = manifest.media.map(({ name }) => name)
  const place = { media: context.media, live: context.database.database, database }
  const targets = await findMediaTargets(names, options, place)
  if (targets.length > 0) progress.phase('media', { bytes: manifest.media_size })
  const [system, now] = await Promise.all([readSystemIdentifier(query), serverTime(query)])
  let waiting: { target: MediaTarget; noted: NotedMedia }[] = []
  const abandon = async () => {
    for (const { noted } of waiting) await removeNoted(noted)
  }
  const common = { made_by: 'lifeboat restore', format: 1, restore: id, backup: manifest.id, database, system } as const
  try {
    for (const target of targets) {
      if (target.target === null) continue
      const found = await findMediaPlace(target.target)
      if (found.obstacle !== null) throw notPossible(target.target, found.obstacle)
      const note: MediaNote = {
        ...common,
        ...{ name: target.name, method: found.method, state: 'loading', stamp: null, undone: false, proof: null },
        ...{ at: now.toISOString(), keep_until: keepUntil(now, context.keepReplacedDays ?? 7) },
      }
      const noted = mediaPaths(found.folder, note)
      waiting.push({ target, noted })
      await unpackOne(run, noted)
    }
  } catch (error) {
    await abandon()
    throw error
  }
  if (targets.length > 0) progress.end()

  return {
    folders: waiting.map(({ noted }) => noted.folder),
    abandon,
    async prove(proof) {
      waiting = waiting.map((one) => ({ ...one, noted: mediaPaths(one.noted.folder, { ...one.noted.note, proof }) }))
      for (const { noted } of waiting) await writeMediaNote(noted)
    },
    // By the server's clock, as the kept database is. Were its session lost by now, ours has to do.
    place: async () => placeAll(run, waiting, await serverTime(query).catch(() => new Date())),
  }
}

async function unpackOne(run: RestoreRun, noted: NotedMedia): Promise<void> {
  const { manifest, reader, progress, signal, report } = run
  const record = manifest.media.find(({ name }) => name === noted.note.name)
  if (!record) throw new EngineError('INTERNAL', `The backup has no media "${noted.note.name}".`)
  if (noted.note.method === 'inside') await mkdir(dirname(noted.file), { mode: 0o700 })
  await writeMediaNote(noted)
  const onBytes = (bytes: number) => progress.add({ bytes })
  const { ownersNotKept } = await unpackMedia(reader, record, noted.fresh, { signal, onBytes })
  if (ownersNotKept > 0)
    log(
      report,
      'warning',
      `Media "${record.name}": the owner of ${counted(ownersNotKept, 'file or folder', 'files and folders')} could not be kept; only root may give files away.`,
    )
}

async function placeAll(
  { context, options, progress, report }: RestoreRun,
  waiting: readonly { target: MediaTarget; noted: NotedMedia }[],
  now: Date,
): Promise<{ media: RestoredMedia[]; problems: RestoreProblem[] }> {
  if (waiting.length > 0) progress.phase('swap-media')
  const media: RestoredMedia[] = []
  const problems: RestoreProblem[] = []
  for (const { target, noted } of waiting) {
    const until = { now, keepUntil: keepUntil(now, context.keepReplacedDays ?? 7) }
    try {
      const { kept } = await exchangeMedia(noted, until)
      log(
        report,
        'info',
        `Media "${target.name}" is in ${noted.folder}${kept ? `; what was there is kept in ${kept}` : ''}.`,
      )
      media.push({ name: target.name, target: target.target ?? noted.folder, kept })
    } catch (cause) {
      const problem = restoreProblem(mediaNotInPlace(noted, options.strategy, cause))
      log(report, 'warning', `${problem.text} ${problem.advice}`)
      problems.push(problem)
    }
  }
  return { media, problems }
}

/** The database is restored by then, so this must not read as if nothing had happened. */
function mediaNotInPlace(
  { note, folder, fresh }: NotedMedia,
  strategy: RestoreOptions['strategy'],
  cause: unknown,
): EngineError {
  const why = cause instanceof Error ? cause.message : String(cause)
  const text = `the media "${note.name}" could not be put into ${folder}: ${why}`
  const advice = `The files wait in ${fresh}. Remove the cause and run {maintenance.cleanLeftovers}, which puts them into place`
  const isAlone = strategy === 'media'
  return new EngineError(
    'MEDIA_NOT_IN_PLACE',
    isAlone ? `${text.slice(0, 1).toUpperCase()}${text.slice(1)}` : `The database is restored, but ${text}`,
    {
      cause,
      detail: { name: note.name, target: folder, unpacked: fresh },
      advice: isAlone ? `${advice}.` : `${advice}; or take the database back with {restores.undo}.`,
    },
  )
}

function notPossible(target: string, obstacle: string): EngineError {
  return new EngineError('MEDIA_FOLDER_MISSING', `Media cannot be put into ${target}: ${obstacle}.`, {
    advice: 'Make the folder writable, or name another one.',
  })
}
