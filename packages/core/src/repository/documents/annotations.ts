import { z } from 'zod'
import { documentsAtOnce, mapInOrder } from '../concurrency.ts'
import { prefixes } from '../layout.ts'
import type { Repository } from '../repository.ts'
import { backupIdSchema } from './documents.ts'
import { getDocument, putDocument } from './sealed-document.ts'
import { readOrNote, type UnreadableOptions } from './unreadable.ts'

const annotationSchema = z.object({
  format: z.number().int().positive(),
  backup: backupIdSchema,
  name: z.string().optional(),
  description: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  changed_at: z.iso.datetime({ offset: true }),
  changed_by: z.string(),
})

/** What is said of a finished backup in place of what its manifest says: the manifest itself never changes. */
export interface Annotation {
  name?: string | undefined
  description?: string | undefined
  /** All of them, in place of those of the manifest. */
  tags?: Record<string, string> | undefined
}

/** Changes the parts that are given; the others stay as they are. Resolves with all that is said of the backup now. */
export async function annotate(
  repository: Repository,
  backup: string,
  changed: Annotation,
  by: string,
): Promise<Annotation> {
  const object = annotationName(backup)
  // One that cannot be read holds nothing that this one could keep.
  const before = await readOrNote(object, {}, () => getDocument(repository, object, annotationSchema))
  const said = {
    name: changed.name ?? before?.name,
    description: changed.description ?? before?.description,
    tags: changed.tags ?? before?.tags,
  }
  const at = new Date().toISOString()
  await putDocument(repository, object, { format: 1, backup, ...said, changed_at: at, changed_by: by })
  return said
}

/** Every annotation, by the id of its backup. One that cannot be read is passed over: the manifest speaks then. */
export async function listAnnotations(
  repository: Repository,
  options: { signal?: AbortSignal | undefined } & UnreadableOptions = {},
): Promise<Map<string, Annotation>> {
  const { signal } = options
  const names = repository.storage.list(prefixes.annotations, { signal })
  const read = ({ name: object }: { name: string }) =>
    readOrNote(object, options, () => getDocument(repository, object, annotationSchema, signal ? { signal } : {}))
  const found = new Map<string, Annotation>()
  for await (const one of mapInOrder(names, documentsAtOnce, read))
    if (one) found.set(one.backup, { name: one.name, description: one.description, tags: one.tags })
  return found
}

export const annotationName = (backup: string): string => `${prefixes.annotations}${backupIdSchema.parse(backup)}`
