import { z } from 'zod'

/**
 * What COMMENT ON DATABASE says of a database that a restore made or replaced. It is all that undo, discard and the
 * clean-up of leftovers need, so none of them depends on a catalog.
 *
 * A comment may also come out of a backup or be written by a database's owner, so nothing acts on it alone: leftovers
 * and kept databases are also told by their names (names.ts).
 */
const restoreCommentSchema = z.object({
  made_by: z.literal('lifeboat restore'),
  format: z.literal(1),
  restore: z.string().regex(/^r[0-9a-hjkmnp-tv-z]{15}$/),
  backup: z.string(),
  /** `loading`: being filled. `kept`: was live under `database` until the restore replaced it. */
  state: z.enum(['loading', 'kept']),
  /** The name the database has or had while it is live. */
  database: z.string(),
  /** The comment the live database had, to be put back by undo. */
  comment: z.string().nullable(),
  connection_limit: z.number().int(),
  at: z.iso.datetime(),
  /** When a kept database may be dropped; null: only by hand. */
  keep_until: z.iso.datetime().nullable(),
  safety_backup: z.string().nullable(),
  /** Of a kept one: the media folders that the restore replaced or made. */
  media: z.array(z.string().max(4096)).max(1000).optional(),
  /** Of a kept one: whether it is what the restore had made live, and an undo has replaced. */
  undone: z.boolean().optional(),
})
export type RestoreComment = z.infer<typeof restoreCommentSchema>

export function formatRestoreComment(facts: Omit<RestoreComment, 'made_by' | 'format'>): string {
  return JSON.stringify({ made_by: 'lifeboat restore', format: 1, ...facts } satisfies RestoreComment)
}

/** The facts in a database's comment, or undefined where the comment is not one of ours. */
export function parseRestoreComment(comment: string | null): RestoreComment | undefined {
  if (!comment?.startsWith('{')) return undefined
  try {
    return restoreCommentSchema.safeParse(JSON.parse(comment)).data
  } catch {
    return undefined
  }
}
