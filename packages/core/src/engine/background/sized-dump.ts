import { createHash } from 'node:crypto'
import type { Writable } from 'node:stream'
import { EngineError } from '../../errors.ts'
import type { ByteRange } from '../../postgres/archive/write-archive.ts'
import { version } from '../../version.ts'
import type { EngineParts } from '../parts.ts'

/** An uncompressed archive of a backup, whose length is known before a row is read. */
export interface SizedDump {
  size: number
  /** The same for the same bytes, and for no others. */
  tag: string
  write(stream: Writable, range?: ByteRange): Promise<void>
}

/** Null where the length is not known: with large objects. */
export async function sizedDump(
  parts: EngineParts,
  id: string,
  signal: AbortSignal | undefined,
): Promise<SizedDump | null> {
  const [{ readStoredBackups }, { openDump }] = await Promise.all([
    import('../stored-backups.ts'),
    import('../../export/export-dump.ts'),
  ])
  const repository = await parts.repository()
  const { backups } = await readStoredBackups(repository, signal)
  const stored = backups.find(({ manifest }) => manifest.id === id)
  if (!stored) throw new EngineError('BACKUP_NOT_FOUND', `There is no backup ${id} any more.`, { detail: { id } })
  const dump = await openDump({ repository }, { manifest: stored.manifest, compressionLevel: 0, signal })
  const size = await dump.size()
  if (size === null) return null
  // What a version writes differently must not be glued to what another one has written.
  const tag = createHash('sha256').update(`${stored.checksum} database dump 0 ${version}`).digest('hex').slice(0, 32)
  return {
    size,
    tag,
    async write(stream, range) {
      const { bytes } = await dump.write({ stream }, range)
      const expected = range ? range.end - range.start : size
      if (bytes !== expected)
        throw new EngineError('INTERNAL', `The archive had ${bytes} bytes in place of ${expected}.`)
    },
  }
}
