import { randomBytes } from 'node:crypto'
import type { Storage } from '../../storage/storage.ts'
import type { DoctorCheck } from './doctor-report.ts'
import type { Probe, RepositoryContext } from './probe.ts'

export const storageWritable: Probe<RepositoryContext> = {
  id: 'repository.writable',
  run: async ({ parts, signal }) => [await probeStorage(parts.storage, signal)],
}

/** Writes, reads and deletes a small object: the only proof that a storage can be written. */
export async function probeStorage(storage: Storage, signal?: AbortSignal): Promise<DoctorCheck> {
  const name = `probes/${randomBytes(8).toString('hex')}`
  const data = randomBytes(1024)
  await storage.put(name, data, { ifAbsent: true, signal })
  try {
    const read = await storage.get(name, { signal })
    if (!read.equals(data)) {
      return {
        id: 'repository.writable',
        level: 'failed',
        message: 'What was written to the storage came back different.',
        advice: 'Do not trust this storage; check the disk or the network share.',
      }
    }
  } finally {
    await storage.delete(name)
  }
  return { id: 'repository.writable', level: 'ok', message: 'The storage can be written, read and deleted from.' }
}
