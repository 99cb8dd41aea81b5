import type { ChecklistPoint } from './checklist.ts'
import type { ChecklistFacts } from './checklist-facts.ts'
import { done, type Judged, judge, judgeChecks, lookAgain, notNeeded, open, unknown } from './judged.ts'

interface Rule extends Pick<ChecklistPoint, 'id' | 'group' | 'title'> {
  judge(facts: ChecklistFacts): Judged
}

/** The points of the repository and of what works around it. Pure. */
export function repositoryPoints(facts: ChecklistFacts): ChecklistPoint[] {
  return rules.map(({ judge: judgeIt, ...rule }) => ({ ...rule, ...judgeIt(facts) }))
}

const rules: readonly Rule[] = [
  { id: 'media', group: 'backed_up', title: 'Media folders can be read, and are in backups', judge: media },
  { id: 'reread', group: 'restorable', title: 'What is stored is read again by itself', judge: reread },
  { id: 'retention', group: 'kept', title: 'Retention is set', judge: retention },
  { id: 'second_place', group: 'kept', title: 'Backups lie in a second place', judge: secondPlace },
  { id: 'encryption', group: 'keys', title: 'Backups are encrypted', judge: encryption },
  { id: 'second_key', group: 'keys', title: 'There is a second key, or the recovery kit was taken', judge: secondKey },
  { id: 'space', group: 'space_and_rights', title: 'There is enough space', judge: space },
  { id: 'folders', group: 'space_and_rights', title: 'Folders are ours, and closed to others', judge: folders },
  { id: 'channel', group: 'noticed', title: 'A channel reports failures, and has delivered', judge: channel },
]

function media({ doctor, databases, mediaFolders, now }: ChecklistFacts): Judged {
  if (mediaFolders.length === 0) return notNeeded('No media folder is configured.')
  const readable = judgeChecks(doctor, ({ id }) => id === 'media' || id.startsWith('media.'), {
    now,
    none: unknown('It could not be found out whether the media folders can be read.', lookAgain),
  })
  if (readable.state !== 'done') return readable
  const stored = databases.flatMap((one) => ('known' in one.stored ? [one.stored.known.withMediaAt] : []))
  const last =
    stored
      .filter((at) => at !== null)
      .sort()
      .at(-1) ?? null
  if (last === null)
    return open(
      `${readable.message} No backup holds them yet.`,
      'Make one with media: {backups.create}; by schedule: {config.change} with auto_backup_include_media.',
    )
  return done(`${readable.message} The newest backup with media is from ${last.slice(0, 10)}.`, last)
}

function reread({ scheduledKinds, lastScrubAt, databases }: ChecklistFacts): Judged {
  const verified = databases.flatMap((one) => ('known' in one.stored ? [one.stored.known.status.last_verified_at] : []))
  const scrubbed = 'known' in lastScrubAt ? lastScrubAt.known : null
  const last =
    [...verified, scrubbed]
      .filter((at) => at !== null)
      .sort()
      .at(-1) ?? null
  const advice = 'Have it read again in the background: {config.change} with scrub_days=30.'
  return judge(scheduledKinds, advice, (kinds) => {
    const found = ['scrub', 'verify'].filter((kind) => kinds.has(kind))
    if (found.length === 0) return open('Neither a scrub nor a verification is scheduled.', advice, last)
    const names = found.map((kind) => (kind === 'scrub' ? 'A scrub' : 'A verification')).join(' and ')
    // A schedule that has not run yet proves nothing.
    if (last === null)
      return open(`${names} is scheduled and has not run yet.`, 'Wait for it, or verify a backup: {backups.verify}.')
    return done(`${names} is scheduled; what is stored was last read on ${last.slice(0, 10)}.`, last)
  })
}

function retention({ retention: found, now }: ChecklistFacts): Judged {
  const advice = 'Say what is kept: {config.change}; see what would go: {retention.preview}.'
  return judge(found, advice, (kept) =>
    kept === null
      ? open('Everything is kept for ever: one day the storage is full.', advice)
      : done(`Kept: ${kept}.`, now.toISOString()),
  )
}

function secondPlace({ copies: found, now }: ChecklistFacts): Judged {
  const advice = 'Name a storage elsewhere in the option `copies`, then fill it: {copies.update}.'
  return judge(found, advice, (copies) => {
    if (copies.length === 0) return open('All backups lie in one place.', advice)
    const elsewhere = copies.filter(({ sameDisk }) => !sameDisk)
    if (elsewhere.length === 0)
      return open('The copy lies on the disk of the repository: one broken disk takes both.', advice)
    const good = elsewhere.find(({ level, backups }) => level === 'ok' && backups !== null && backups > 0)
    if (good) return done(good.message, now.toISOString())
    const [first] = elsewhere
    const repair = `Bring it up to date: {copies.update}.`
    const at = first?.newest_at ?? null
    if (first?.error) return unknown(first.message, first.error.advice)
    return open(first?.backups === 0 ? `${first.message} It holds none.` : (first?.message ?? ''), repair, at)
  })
}

function encryption({ repository, now }: ChecklistFacts): Judged {
  return judge(repository, 'See that the repository opens: {doctor}.', (found) =>
    found.encryption === 'none'
      ? open(
          'Backups are not encrypted: all who can read the storage can read the data.',
          'Make a new repository with a passphrase or a key: {repository.init}.',
        )
      : done('Backups are sealed with AES-256-GCM.', now.toISOString()),
  )
}

function secondKey({ repository, kitTakenAt, now }: ChecklistFacts): Judged {
  const advice = 'Add a second key, {keys.add}, or take the recovery kit and keep it elsewhere: {keys.recoveryKit}.'
  return judge(repository, 'See that the repository opens: {doctor}.', (found) => {
    if (found.encryption === 'none') return notNeeded('Without encryption no key can be lost.')
    if (found.keys.length > 1) return done(`${found.keys.length} keys open the repository.`, now.toISOString())
    return judge(kitTakenAt, advice, (takenAt) => {
      if (takenAt === null) return open('One key opens the repository, and its recovery kit was never taken.', advice)
      const newer = found.keys.some(({ created_at }) => Date.parse(created_at) > Date.parse(takenAt))
      if (newer) return open('The recovery kit is older than the key that opens the repository.', advice, takenAt)
      return done(`The recovery kit was taken on ${takenAt.slice(0, 10)}.`, takenAt)
    })
  })
}

function space({ doctor, storage, now }: ChecklistFacts): Judged {
  const none =
    storage === 'object'
      ? notNeeded('The storage is a service that has no disk of its own to fill.')
      : unknown('The storage does not say how much space is free.', 'Look at its free space where it is kept.')
  return judgeChecks(doctor, ({ id }) => id === 'repository.space', { now, none })
}

function folders({ doctor, storage, now }: ChecklistFacts): Judged {
  const none =
    storage === 'local'
      ? unknown('The folder of the repository could not be looked at.', lookAgain)
      : notNeeded('Nothing is written into folders of this machine.')
  return judgeChecks(doctor, ({ id }) => id === 'folders' || id.startsWith('folders.'), { now, none })
}

function channel({ channels: found }: ChecklistFacts): Judged {
  const advice = 'Name a channel in the option `notifications`, then try it: {notifications.test}.'
  return judge(found, advice, (channels) => {
    const telling = channels.filter(({ tellsFailures }) => tellsFailures)
    if (telling.length === 0)
      return open(
        channels.length === 0
          ? 'No channel is configured: a failure is seen by chance.'
          : 'No channel reports failures.',
        advice,
      )
    const good = telling.find(({ deliveredAt, isFailing }) => deliveredAt !== null && !isFailing)
    if (good?.deliveredAt)
      return done(`"${good.name}" last delivered on ${good.deliveredAt.slice(0, 10)}.`, good.deliveredAt)
    const last =
      telling
        .flatMap(({ deliveredAt }) => deliveredAt ?? [])
        .sort()
        .at(-1) ?? null
    const names = telling.map(({ name }) => `"${name}"`).join(', ')
    return open(`${names}: ${last === null ? 'nothing was ever delivered' : 'messages fail now'}.`, advice, last)
  })
}
