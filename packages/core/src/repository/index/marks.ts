import { z } from 'zod'
import type { ChunkIndex } from '../chunks/chunk-index.ts'
import { documentsAtOnce, mapInOrder } from '../concurrency.ts'
import { getDocument, putDocument } from '../documents/sealed-document.ts'
import { readOrNote, type UnreadableOptions } from '../documents/unreadable.ts'
import { prefixes, randomName } from '../layout.ts'
import type { Repository } from '../repository.ts'

const markSchema = z.object({
  format: z.number().int().positive(),
  created_at: z.iso.datetime({ offset: true }),
  packs: z.array(z.string().regex(/^[0-9a-f]{64}$/)),
})

/** Says which packs a prune means to delete. From then on no new backup refers to their chunks. */
export interface Mark {
  /** Name of the object. */
  name: string
  createdAt: Date
  packs: string[]
}

/**
 * Every mark, read and authenticated. One that cannot be read marks nothing: a prune deletes only what is marked by one that
 * it has read itself.
 */
export async function listMarks(
  repository: Repository,
  options: { signal?: AbortSignal } & UnreadableOptions = {},
): Promise<Mark[]> {
  const marks: Mark[] = []
  const read = async ({ name }: { name: string }) => {
    const mark = await readOrNote(name, options, () => getDocument(repository, name, markSchema, options))
    return mark && { name, createdAt: new Date(mark.created_at), packs: mark.packs }
  }
  const objects = await Array.fromAsync(repository.storage.list(prefixes.marks, { signal: options.signal }))
  for await (const mark of mapInOrder(objects, documentsAtOnce, read)) if (mark !== null) marks.push(mark)
  return marks.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
}

/** Takes what is marked now into an index: no new backup refers to it. */
export async function applyMarks(
  repository: Repository,
  index: ChunkIndex,
  signal: AbortSignal | undefined,
): Promise<Mark[]> {
  const marks = await listMarks(repository, { signal })
  for (const pack of marks.flatMap((mark) => mark.packs)) {
    if (index.pack(pack)?.state === 'good') index.setPackState(pack, 'marked')
  }
  return marks
}

export async function writeMark(
  repository: Repository,
  packs: string[],
  options: { now?: Date; signal?: AbortSignal } = {},
): Promise<Mark> {
  const name = `${prefixes.marks}${randomName()}`
  const createdAt = options.now ?? new Date()
  await putDocument(repository, name, { format: 1, created_at: createdAt.toISOString(), packs }, options)
  return { name, createdAt, packs }
}

export async function deleteMark(repository: Repository, mark: { name: string }): Promise<void> {
  await repository.storage.delete(mark.name)
}
