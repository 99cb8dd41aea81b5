import { z } from 'zod'

/**
 * The COMMENT ON DATABASE of a database that refreshes may replace. It names the database itself, by server and oid: a
 * comment that was copied, dumped or restored into another database makes no target of it. Each swap writes a new one,
 * in the transaction that renames.
 */
const targetMarkSchema = z.object({
  made_by: z.literal('lifeboat target'),
  format: z.literal(1),
  /** The name in the configuration. */
  target: z.string().min(1).max(63),
  /** Id of the repository that it is refreshed from. */
  repository: z.string(),
  system_identifier: z.string(),
  oid: z.string().regex(/^\d+$/),
  adopted_at: z.iso.datetime(),
  /** The comment that the database had. */
  comment: z.string().nullable(),
  /** What is in it; null until the first refresh. */
  refreshed: z
    .object({
      at: z.iso.datetime(),
      restore: z.string(),
      backup: z.string(),
      number: z.int(),
      backup_created_at: z.string(),
      database: z.string(),
      /** Names the masking policy; null where nothing was masked. */
      masked: z.string().nullable(),
    })
    .nullable(),
})
export type TargetMark = z.infer<typeof targetMarkSchema>

export function formatTargetMark(mark: Omit<TargetMark, 'made_by' | 'format'>): string {
  return JSON.stringify({ made_by: 'lifeboat target', format: 1, ...mark } satisfies TargetMark)
}

/** The mark in a database's comment, or undefined where the comment is none. */
export function parseTargetMark(comment: string | null): TargetMark | undefined {
  if (!comment?.startsWith('{')) return undefined
  try {
    return targetMarkSchema.safeParse(JSON.parse(comment)).data
  } catch {
    return undefined
  }
}
