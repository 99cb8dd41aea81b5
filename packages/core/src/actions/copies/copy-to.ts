import { z } from 'zod'
import type { Storage } from '../../storage/storage.ts'
import { action } from '../action.ts'

export const copyTo = action({
  name: 'copies.copyTo',
  summary:
    'Brings a storage that is no configured copy up to date: every backup that is not there yet, as it is, sealed.',
  permission: 'maintenance:run',
  kind: 'change',
  danger: 'takes_data_out',
  subject: 'place',
  input: z.strictObject({
    place: z
      .union([z.string().min(1), z.custom<Storage>((value) => typeof value === 'object' && value !== null)])
      .describe('Path or URL of a storage, or a Storage.'),
    onlyNewer: z.boolean().default(false).describe('Only what is newer than the newest backup there.'),
  }),
  result: z.looseObject({ copied: z.array(z.string()) }),
  leftOut: {
    http: 'A storage that the host has not configured is named where the engine runs.',
    pages: 'A storage that the host has not configured is named where the engine runs.',
    command: '`lifeboat copy PLACE` does it.',
  },
  run: ({ maintenance, signal, report }, { place, onlyNewer }) =>
    maintenance.copy(place, { onlyNewer, signal, report }),
  facts: ({ input: { place, onlyNewer }, result }) => ({
    place: typeof place === 'string' ? withoutSecrets(place) : place.location,
    only_newer: onlyNewer,
    ...(result ? { copied: result.copied } : {}),
  }),
})

/** A URL may hold a password. */
function withoutSecrets(place: string): string {
  if (!URL.canParse(place)) return place
  const { protocol, host, pathname } = new URL(place)
  return `${protocol}//${host}${pathname}`
}
