import type { PlanNote, PlanRefusal } from './plan.ts'
import type { MediaFacts, RestoreFacts } from './plan-facts.ts'

type Rule<T> = (facts: RestoreFacts) => T | undefined | false

/** Reasons not to begin that lie in media folders. Pure. */
export const mediaRefusals: Rule<PlanRefusal>[] = [
  ({ media }) => {
    const homeless = media.filter(({ target }) => target === null).map(({ name }) => JSON.stringify(name))
    const few = homeless.slice(0, 8).join(', ')
    return (
      homeless.length > 0 && {
        code: 'MEDIA_TARGET',
        text: `It was not said where these media folders go: ${few}. Configure folders of these names, or name a folder for them.`,
      }
    )
  },
  ({ media }) => {
    const blocked = media.find(({ place }) => place?.obstacle)
    return (
      blocked && {
        code: 'MEDIA_PLACE',
        text: `Media ${JSON.stringify(blocked.name)} cannot be put into ${blocked.target}: ${blocked.place?.obstacle}. Change that, or name another folder.`,
      }
    )
  },
  ({ media }) => {
    const taken = media.find(({ replaces, place }) => !replaces && place?.present === 'filled' && !place.obstacle)
    return (
      taken && {
        code: 'MEDIA_TARGET_EXISTS',
        text: `${taken.target} exists already, and this way of restoring replaces nothing. Name another folder for media ${JSON.stringify(taken.name)}, or remove that one.`,
      }
    )
  },
  ({ media }) => {
    const [one, other] = overlapping(media)
    return (
      one !== undefined && {
        code: 'MEDIA_OVERLAP',
        text: `Media folders would lie in one another: ${one} and ${other}. Name a folder of its own for each.`,
      }
    )
  },
  ({ media }) => {
    const short = media.find(({ bytes, place }) => place?.freeBytes != null && place.freeBytes < bytes)
    return (
      short && {
        code: 'MEDIA_SPACE',
        text: `There is less free space at ${short.target} than media ${JSON.stringify(short.name)} take. What is there is kept until the restore is confirmed.`,
        override: 'disk-space',
      }
    )
  },
]

/** What people should know of media before they say yes. Pure. */
export const mediaWarnings: Rule<PlanNote>[] = [
  ({ options, media }) =>
    options.mediaTarget !== undefined &&
    options.strategy !== 'media' &&
    media.length === 0 && {
      code: 'MEDIA_NONE',
      text: 'The backup holds no such media: the media folders stay as they are.',
    },
  ({ media }) => {
    const lossy = media.filter(({ lost }) => lost > 0).map(({ name, lost }) => `${JSON.stringify(name)} ${lost}`)
    return (
      lossy.length > 0 && {
        code: 'MEDIA_LOST',
        text: `Files that could not be read when the backup was made are missing in it: ${lossy.slice(0, 8).join(', ')}.`,
      }
    )
  },
  ({ media }) => {
    const owners = [...new Set(media.flatMap(({ foreignOwners }) => foreignOwners))]
    return (
      owners.length > 0 && {
        code: 'MEDIA_OWNERS',
        text: `Files of ${owners.slice(0, 8).join(', ')} (user:group) will belong to the user of this process: only root may give files away.`,
      }
    )
  },
  ({ media }) => {
    const inside = media.filter(({ place }) => place?.method === 'inside' && place.present === 'filled')
    const texts = inside.map(({ target, place }) => `${target} (${place?.why})`)
    return (
      inside.length > 0 && {
        code: 'MEDIA_INSIDE',
        text: `The entries of these folders are exchanged one by one, so that for moments some are missing: ${texts.join(', ')}.`,
      }
    )
  },
  ({ options, media }) =>
    options.mediaTarget === true &&
    media.some(({ replaces, target }) => !replaces && target !== null) && {
      code: 'MEDIA_BESIDE',
      text: `The configured media folders stay as they are: the restored database is not the one they belong to.`,
    },
  ({ options, media }) =>
    options.strategy === 'in-place' &&
    media.some(({ replaces, place }) => replaces && place?.present === 'filled') && {
      code: 'MEDIA_NO_UNDO',
      text: 'An in-place restore cannot be undone: the way back for database and media is its safety backup. The replaced media folders are kept as long as a replaced database is.',
    },
]

/** Two folders of which one is the other, or lies in it. */
function overlapping(media: readonly MediaFacts[]): [string, string] | [] {
  const folders = media.flatMap(({ place }) => (place ? [place.folder] : [])).sort()
  for (const [index, folder] of folders.entries()) {
    const inside = folders.slice(index + 1).find((other) => other === folder || other.startsWith(`${folder}/`))
    if (inside !== undefined) return [folder, inside]
  }
  return []
}
