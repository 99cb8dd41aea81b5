import { isEngineError } from '../errors.ts'
import { openIndexObject, writeIndexObjects } from '../repository/index/index-object.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import { prefixes } from '../repository/layout.ts'
import { StorageObjectMissing } from '../storage/storage.ts'
import type { Repairing } from './repair.ts'

/** Index objects that do not open are made again from the packs' own tables, and only then deleted. */
export async function repairIndex({ repository, items, options }: Repairing): Promise<void> {
  const { storage } = repository
  const { signal, dryRun } = options
  const names: string[] = []
  for await (const { name } of storage.list(prefixes.index, { signal })) names.push(name)
  const damaged: { name: string; message: string }[] = []
  for (const name of names) {
    try {
      openIndexObject(repository, name, await storage.get(name, { signal }))
    } catch (error) {
      // A prune that ended a moment ago replaced it.
      if (error instanceof StorageObjectMissing) continue
      if (!isEngineError(error, 'REPOSITORY_DAMAGED')) throw error
      damaged.push({ name, message: error.message })
    }
  }
  if (damaged.length === 0) return
  const index = await loadChunkIndex(repository, { signal, readAround: true })
  if (!dryRun) {
    const tables = index.unindexed.flatMap((pack) => index.packTable(pack) ?? [])
    const written = await writeIndexObjects(repository, tables, { signal })
    for (const name of written.names) openIndexObject(repository, name, await storage.get(name, { signal }))
    for (const { name } of damaged) await storage.delete(name, { signal })
  }
  for (const { name, message } of damaged)
    items.push({ object: name, message, outcome: 'rebuilt', from: null, backups: [] })
}
