import type { z } from 'zod'
import { EngineError } from '../../errors.ts'
import { StorageObjectMissing } from '../../storage/storage.ts'
import { damaged } from '../damage.ts'
import type { RepositoryKeys } from '../keys/keys.ts'
import { formatVersion, maxObjectBytes } from '../layout.ts'
import type { Repository } from '../repository.ts'
import { seal, sealKinds, sealOverhead, unseal } from '../seal.ts'

const magic = Buffer.from('LFBDOC\x00\x01', 'latin1')
const headerBytes = magic.length + 4

/** The bytes of a document object: header, then the seal over `plain`, bound to the object's name. */
export function sealDocument(keys: RepositoryKeys, name: string, plain: Uint8Array): Buffer {
  const parts = seal({ kind: sealKinds.document, name: Buffer.from(name), rootKey: keys.document }, plain, 3)
  const header = Buffer.alloc(headerBytes)
  magic.copy(header)
  header.writeUInt32LE(plain.length, magic.length)
  return Buffer.concat([header, parts.head, parts.body, parts.tag])
}

/** Opens a document object. Throws `REPOSITORY_DAMAGED` naming it. */
export function openDocument(keys: RepositoryKeys, name: string, data: Buffer): Buffer {
  if (data.length < headerBytes + sealOverhead || !data.subarray(0, magic.length).equals(magic)) {
    throw damaged(name, 'is not a sealed document')
  }
  const bytes = data.readUInt32LE(magic.length)
  if (bytes > maxObjectBytes) throw damaged(name, `claims to hold ${bytes} bytes`)
  try {
    const context = { kind: sealKinds.document, name: Buffer.from(name), rootKey: keys.document }
    return unseal(context, data.subarray(headerBytes), bytes)
  } catch (error) {
    throw damaged(name, 'does not open: it was damaged, or is not the object of this name', error)
  }
}

/** Seals JSON and stores it. Resolves false when `ifAbsent` found an object there. */
export async function putDocument(
  repository: Repository,
  name: string,
  document: object,
  options: { ifAbsent?: boolean; signal?: AbortSignal } = {},
): Promise<boolean> {
  const plain = Buffer.from(JSON.stringify(document))
  return repository.storage.put(name, sealDocument(repository.keys, name, plain), options)
}

/** Reads, opens and validates; null when the object is not there. */
export async function getDocument<T>(
  repository: Repository,
  name: string,
  schema: z.ZodType<T>,
  options: { signal?: AbortSignal } = {},
): Promise<T | null> {
  let data: Buffer
  try {
    data = await repository.storage.get(name, options)
  } catch (error) {
    if (error instanceof StorageObjectMissing) return null
    throw error
  }
  return parseDocument(name, openDocument(repository.keys, name, data), schema)
}

/** Validates the plaintext of a document: first its `format`, then everything. */
export function parseDocument<T>(name: string, plain: Buffer, schema: z.ZodType<T>): T {
  let value: unknown
  try {
    value = JSON.parse(plain.toString('utf8'))
  } catch (error) {
    throw damaged(name, 'does not hold JSON', error)
  }
  refuseNewerFormat(name, value)
  const result = schema.safeParse(value)
  if (!result.success)
    throw damaged(name, `does not hold what it should (${result.error.issues[0]?.message})`, result.error)
  return result.data
}

/** Throws `REPOSITORY_FORMAT_NEWER` when a parsed document carries a higher `format` than this code reads. */
export function refuseNewerFormat(name: string, value: unknown): void {
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined
  if (typeof format === 'number' && format > formatVersion) {
    throw new EngineError(
      'REPOSITORY_FORMAT_NEWER',
      `${name} has format ${format}; this program reads up to ${formatVersion}.`,
      {
        detail: { object: name, format },
      },
    )
  }
}
