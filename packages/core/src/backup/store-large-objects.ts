import { readLargeObjects } from '../postgres/large-objects.ts'
import type { Query } from '../postgres/query.ts'
import type { StreamRef } from '../repository/documents/documents.ts'
import type { RepositoryWriter } from '../repository/repository-writer.ts'

/**
 * Stores what belongs to the large objects besides their pages, as it is read: of millions of objects only the oids are
 * held, four bytes each, in ascending order.
 */
export async function storeLargeObjects(
  query: Query,
  writer: RepositoryWriter,
): Promise<{ stream: StreamRef; oids: Uint32Array }> {
  let oids = new Uint32Array(1024)
  let count = 0
  async function* noted() {
    for await (const object of readLargeObjects(query)) {
      if (count === oids.length) {
        const larger = new Uint32Array(2 * count)
        larger.set(oids)
        oids = larger
      }
      oids[count++] = object.oid
      yield object
    }
  }
  const stream = await writer.writeJsonLines(noted())
  return { stream, oids: oids.subarray(0, count) }
}
