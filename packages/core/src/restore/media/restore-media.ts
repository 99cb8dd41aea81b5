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
import {
  type MediaNote,
  mediaPaths,
  type NotedMedia,
  readMediaNotes,
  removeNoted,
  writeMediaNote,
} from './media-note.ts'
import { findMediaPlace, resolveMediaFolder } from './media-place.ts'
import { NotTakenBack, placeTogether } from './place-together.ts'
import { readSystemIdentifier } from './settle-media.ts'
import { unpackMedia } from './unpack-media.ts'

/** Media folders that are unpacked and wait for their database to go live. */
export interface WaitingMedia {
  /** The folders that are going to be replaced or made, links followed. */
  folders: string[]
  /** Writes down what on the server proves that the restore is live, for the process that cleans up after a crash. */
  prove(proof: NonNullable<MediaNote['proof']>): Promise<void>
  /** Puts every folder into place that can be; the database is live by now, so a failure is told and not thrown. */
  place(): Promise<{ media: RestoredMedia[]; problems: RestoreProblem[] }>
  /** The same of media alone: all come into place or none. Throws `MEDIA_NOT_IN_PLACE`; all is as it was then. */
  placeTogether(): Promise<RestoredMedia[]>
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
  // As the notes are now: what could not be taken back is left to the clean-up.
  const abandon = async () => {
    const folders = waiting.map(({ noted }) => noted.folder)
    const left = (await Promise.all(folders.map(readMediaNotes))).flat().filter(({ note }) => note.restore === id)
    if (left.every(({ note }) => note.state === 'loading')) for (const noted of left) await removeNoted(noted)
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
        ...{ former: true, returns_with: null },
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

  const prove = async (proof: NonNullable<MediaNote['proof']>) => {
    waiting = waiting.map((one) => ({ ...one, noted: mediaPaths(one.noted.folder, { ...one.noted.note, proof }) }))
    for (const { noted } of waiting) await writeMediaNote(noted)
  }
  // By the server's clock, as the kept database is. Were its session lost by now, ours has to do.
  const clock = () => serverTime(query).catch(() => new Date())
  return {
    folders: waiting.map(({ noted }) => noted.folder),
    abandon,
    prove,
    place: async () => placeAll(run, waiting, await clock()),
    async placeTogether() {
      await prove({ folders: waiting.map(({ noted }) => noted.folder) })
      return placeAllOrNone(run, waiting, await clock())
    },
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
  { context, progress, report }: RestoreRun,
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
      logPlaced(report, { name: target.name, folder: noted.folder, kept })
      media.push({ name: target.name, target: target.target ?? noted.folder, kept })
    } catch (cause) {
      const problem = restoreProblem(mediaNotInPlace(noted, cause))
      log(report, 'warning', `${problem.text} ${problem.advice}`)
      problems.push(problem)
    }
  }
  return { media, problems }
}

async function placeAllOrNone(
  { context, progress, report }: RestoreRun,
  waiting: readonly { target: MediaTarget; noted: NotedMedia }[],
  now: Date,
): Promise<RestoredMedia[]> {
  progress.phase('swap-media')
  const until = { now, keepUntil: keepUntil(now, context.keepReplacedDays ?? 7) }
  const all = waiting.map(({ noted }) => noted)
  const placed = await placeTogether(all, until).catch((cause: unknown) => {
    throw noneInPlace(all, cause)
  })
  return placed.map(({ noted: { note, folder }, kept }, index) => {
    logPlaced(report, { name: note.name, folder, kept })
    return { name: note.name, target: waiting[index]?.target.target ?? folder, kept }
  })
}

function logPlaced(
  report: RestoreRun['report'],
  { name, folder, kept }: { name: string; folder: string; kept: string | null },
): void {
  log(report, 'info', `Media "${name}" is in ${folder}${kept ? `; what was there is kept in ${kept}` : ''}.`)
}

function noneInPlace(all: readonly NotedMedia[], cause: unknown): EngineError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new EngineError('MEDIA_NOT_IN_PLACE', `The media could not be put into place: ${why}`, {
    cause,
    detail: { targets: all.map(({ folder }) => folder) },
    advice:
      cause instanceof NotTakenBack
        ? 'Remove the cause and run {maintenance.cleanLeftovers}: it ends what was begun, with all folders.'
        : 'All folders are as they were. Remove the cause and restore again.',
  })
}

/** The database is restored by then, so this must not read as if nothing had happened. */
function mediaNotInPlace({ note, folder, fresh }: NotedMedia, cause: unknown): EngineError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new EngineError(
    'MEDIA_NOT_IN_PLACE',
    `The database is restored, but the media "${note.name}" could not be put into ${folder}: ${why}`,
    {
      cause,
      detail: { name: note.name, target: folder, unpacked: fresh },
      advice: `The files wait in ${fresh}. Remove the cause and run {maintenance.cleanLeftovers}, which puts them into place; or take the database back with {restores.undo}.`,
    },
  )
}

function notPossible(target: string, obstacle: string): EngineError {
  return new EngineError('MEDIA_FOLDER_MISSING', `Media cannot be put into ${target}: ${obstacle}.`, {
    advice: 'Make the folder writable, or name another one.',
  })
}
