import { z } from 'zod'

/** Inputs that several actions have, with the same words everywhere. */
export const databaseLabel = z
  .string()
  .max(100)
  .optional()
  .describe('Label of the database, where several are configured.')

export const backupReference = z
  .string()
  .min(1)
  .max(200)
  .describe('Number, id, the first characters of an id, or `latest`.')

export const restoreReference = z
  .string()
  .min(1)
  .max(200)
  .describe('Id of the restore, its first characters, the name of the kept database, or `latest`.')

/** The hash of a plan, where a face sends it along with the input. */
export const confirmation = z.string().max(200).optional().describe('The plan_hash of the plan that was looked at.')

/** Paths of this machine, functions and secrets: asked for in code or by the command, never over HTTP. */
export const local = <T extends z.ZodType>(schema: T): T => schema.meta({ ...schema.meta(), local: true }) as T

/** Key material: it is in no record, and nothing is made from it that could be guessed at. */
export const secret = <T extends z.ZodType>(schema: T): T => schema.meta({ ...schema.meta(), secret: true }) as T

export const searched = {
  search: z.string().max(200).optional().describe('Text that must occur.'),
  sort: z.string().max(100).optional().describe('A field, with `-` before it for descending.'),
  page: z.number().int().min(1).default(1).describe('Number of the page.'),
  pageSize: z.number().int().min(1).max(500).default(50).describe('Entries on a page.'),
}
