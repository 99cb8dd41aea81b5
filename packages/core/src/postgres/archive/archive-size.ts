import { dataBlockLength } from './data-block.ts'
import { encodeEntry, encodeHeader, encodeInteger } from './encode-archive.ts'
import type { ArchivePlan } from './write-archive.ts'

/**
 * Bytes of an archive, known without reading any of its data; null where they are not: with compression, with large
 * objects, and of rows whose length is not known.
 */
export async function archiveSize(plan: ArchivePlan): Promise<number | null> {
  const { header } = plan
  if (header.compression.algorithm !== 'none') return null
  let size = encodeHeader(header).length + encodeInteger(0).length
  for await (const entry of plan.entries()) {
    size += encodeEntry(entry, header).length
    if (!entry.hasData) continue
    const length = dataBlockLength(plan.data(entry), header)
    if (length === null) return null
    size += length
  }
  return size
}
