import { z } from 'zod'

/** How a database, or a target, is named in options, commands and jobs. */
export const databaseLabel = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/)

/** For `refine`: no two of a list have the same name. */
export const differentNames = [
  (list: readonly { name: string }[]) => new Set(list.map(({ name }) => name)).size === list.length,
  'names that are all different',
] as const
