import { damaged } from '../damage.ts'
import { openDocument, sealDocument } from '../documents/sealed-document.ts'
import { prefixes, randomName } from '../layout.ts'
import { chunkRecordBytes, decodeChunk, encodeChunk, type PackTable } from '../packs/pack.ts'
import type { Repository } from '../repository.ts'

/** An index object is finished once it lists this many chunks: 2.2 MB, opened in a few milliseconds. */
export const maxIndexChunks = 50_000
const packRecordBytes = 40

/** Writes index objects over these packs. Resolves their names and bytes. */
export async function writeIndexObjects(
  repository: Repository,
  packs: Iterable<PackTable>,
  options: { signal?: AbortSignal } = {},
): Promise<{ names: string[]; bytes: number }> {
  const names: string[] = []
  let bytes = 0
  let group: PackTable[] = []
  let chunks = 0
  const flush = async () => {
    if (group.length === 0) return
    const name = `${prefixes.index}${randomName()}`
    const data = sealDocument(repository.keys, name, encodeIndex(group))
    await repository.storage.put(name, data, options)
    names.push(name)
    bytes += data.length
    group = []
    chunks = 0
  }
  for (const pack of packs) {
    if (chunks + pack.chunks.length > maxIndexChunks) await flush()
    group.push(pack)
    chunks += pack.chunks.length
  }
  await flush()
  return { names, bytes }
}

/** Opens an index object. Throws `REPOSITORY_DAMAGED`. */
export function openIndexObject(repository: Repository, name: string, data: Buffer): PackTable[] {
  return [...packsOfIndexObject(repository, name, data)]
}

/** The same, one pack at a time. */
export function packsOfIndexObject(repository: Repository, name: string, data: Buffer): Generator<PackTable> {
  return decodeIndex(name, openDocument(repository.keys, name, data))
}

function encodeIndex(packs: PackTable[]): Buffer {
  const size = packs.reduce((sum, pack) => sum + packRecordBytes + pack.chunks.length * chunkRecordBytes, 0)
  const data = Buffer.alloc(size)
  let at = 0
  for (const pack of packs) {
    data.write(pack.name, at, 'hex')
    data.writeUInt32LE(pack.bytes, at + 32)
    data.writeUInt32LE(pack.chunks.length, at + 36)
    at += packRecordBytes
    for (const chunk of pack.chunks) {
      encodeChunk(data, at, chunk)
      at += chunkRecordBytes
    }
  }
  return data
}

function* decodeIndex(name: string, data: Buffer): Generator<PackTable> {
  let at = 0
  while (at < data.length) {
    if (at + packRecordBytes > data.length) throw damaged(name, 'is not an index')
    const pack: PackTable = { name: data.toString('hex', at, at + 32), bytes: data.readUInt32LE(at + 32), chunks: [] }
    const count = data.readUInt32LE(at + 36)
    at += packRecordBytes
    if (at + count * chunkRecordBytes > data.length) throw damaged(name, 'is not an index')
    for (let i = 0; i < count; i++, at += chunkRecordBytes) {
      const chunk = decodeChunk(data, at)
      if (chunk.offset + chunk.storedBytes > pack.bytes) throw damaged(name, 'places a chunk beyond its pack')
      pack.chunks.push(chunk)
    }
    yield pack
  }
}
