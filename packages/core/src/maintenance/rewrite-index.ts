import { atOnce, documentsAtOnce, mapInOrder } from '../repository/concurrency.ts'
import { maxIndexChunks, openIndexObject, writeIndexObjects } from '../repository/index/index-object.ts'
import { prefixes } from '../repository/layout.ts'
import type { PackTable } from '../repository/packs/pack.ts'
import type { Repository } from '../repository/repository.ts'

/** Above this many small index objects they are put together. */
const smallObjectCount = 64
const smallObjectBytes = 1024 * 1024

/**
 * Takes packs out of the index: new index objects with what stays of some old ones, then those old ones go, and so on.
 * At every moment all other packs are listed at least once. Many small index objects are put together on the way.
 */
export async function removeFromIndex(
  repository: Repository,
  packs: ReadonlySet<string>,
  options: { signal?: AbortSignal; beforeDelete(): Promise<void> },
): Promise<void> {
  const { storage } = repository
  const { signal } = options
  const objects: { name: string; bytes: number }[] = []
  for await (const object of storage.list(prefixes.index, { signal })) objects.push(object)
  const small = objects.filter(({ bytes }) => bytes < smallObjectBytes)
  const toMerge = new Set(small.length > smallObjectCount ? small.map(({ name }) => name) : [])

  let replaced: string[] = []
  let staying = new Map<string, PackTable>()
  let chunks = 0
  const replace = async () => {
    if (replaced.length === 0) return
    await writeIndexObjects(repository, staying.values(), { signal })
    await options.beforeDelete()
    await atOnce(replaced, documentsAtOnce, (name) => storage.delete(name, { signal }))
    replaced = []
    staying = new Map()
    chunks = 0
  }

  const candidates = packs.size > 0 ? objects : objects.filter(({ name }) => toMerge.has(name))
  const read = async ({ name }: { name: string }) => ({ name, data: await storage.get(name, { signal }) })
  for await (const { name, data } of mapInOrder(candidates, 8, read)) {
    const tables = openIndexObject(repository, name, data)
    if (!toMerge.has(name) && !tables.some((table) => packs.has(table.name))) continue
    replaced.push(name)
    for (const table of tables) {
      if (packs.has(table.name)) continue
      staying.set(table.name, table)
      chunks += table.chunks.length
    }
    if (chunks >= maxIndexChunks) await replace()
  }
  await replace()
}
