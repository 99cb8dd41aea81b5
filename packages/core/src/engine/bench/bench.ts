import { availableParallelism } from 'node:os'
import { throwIfAborted } from '../../errors.ts'
import { log } from '../../events.ts'
import { newestOf } from '../../policy/backup-order.ts'
import type { OfDatabase, Running } from '../engine-type.ts'
import type { EngineParts } from '../parts.ts'
import { backupsOf } from '../resolve-backup.ts'
import { readStoredBackups } from '../stored-backups.ts'
import { sourceOf } from '../summary.ts'
import { type Estimate, estimateBackup, estimateRestore, type Measured, type Work } from './estimate.ts'
import { measureProcessor, type ProcessorSpeed } from './measure-processor.ts'
import { measureSource, type SourceSample } from './measure-source.ts'
import { measureStorage, type StorageSpeed } from './measure-storage.ts'
import { measureTarget, type TargetSpeed } from './measure-target.ts'

export interface BenchOptions extends OfDatabase, Running {
  /** Time for all measurements, shared among them. One object or statement that is slow can take longer. */
  seconds: number
  /** The most that is written to the storage, in MB. Of the database at most 16 MiB are read. */
  megabytes: number
}

/** What was measured, in bytes a second, and what follows from it. */
export interface BenchReport {
  /** One connection reads rows of the largest table; null where there are none. */
  source: { table: string; rows: number; bytes: number; rows_per_second: number; bytes_per_second: number } | null
  /** One core; `ratio`: bytes that are stored of a byte of rows. */
  processor: { seal_bytes_per_second: number; open_bytes_per_second: number; ratio: number; cores: number }
  storage: {
    upload_bytes_per_second: number
    download_bytes_per_second: number
    latency_ms: number
    written_bytes: number
  }
  /** One connection loads the same rows into a temporary table; null where it could not, and `target_problem` says why. */
  target: { load_bytes_per_second: number; index_bytes_per_second: number | null } | null
  target_problem: string | null
  row_bytes: number
  index_bytes: number
  connections: number
  /** Null where there are no rows to go by. */
  backup: Estimate | null
  restore: Estimate | null
}

/** The share of the time that each measurement may take. */
const shares = { source: 0.2, processor: 0.2, storage: 0.4, target: 0.2 }
const mostRead = 16 << 20

/**
 * Measures storage, processor, source and target with the user's own rows, and says how long a full backup and a restore
 * of them take. What it wrote is removed on every path. Throws where the repository does not open or the server does not
 * answer.
 */
export async function runBench(parts: EngineParts, options: BenchOptions): Promise<BenchReport> {
  const { seconds, megabytes, database, signal, report } = options
  const repository = await parts.repository()
  const maxBytes = megabytes * 1_000_000
  const within = (share: number) => share * seconds * 1000
  const { openSession } = await import('../../postgres/session.ts')
  const session = await openSession(parts.connection(database), { application: 'bench', copyReader: true, signal })
  try {
    log(report, 'info', 'Reads rows of the largest table.')
    const sample = await measureSource(session, { maxBytes: mostRead, maxMs: within(shares.source) })
    log(report, 'info', 'Compresses and seals them.')
    const { compressionLevel } = parts.settings
    const processor = await measureProcessor(repository.keys, sample?.bytes ?? numbers(), {
      ...{ compressionLevel, signal, maxMs: within(shares.processor) },
    })
    log(report, 'info', 'Writes objects, and reads them back.')
    const storage = await measureStorage(parts.storage, { maxBytes, maxMs: within(shares.storage), signal })
    log(report, 'info', 'Loads the rows into a temporary table.')
    let problem: string | null = sample ? null : 'There are no rows to load.'
    const target = sample
      ? await measureTarget(session, sample, within(shares.target)).catch((error: unknown) => {
          throwIfAborted(signal)
          problem = error instanceof Error ? error.message : String(error)
          return null
        })
      : null
    const rowBytes = (await lastSize(parts, options)) ?? (sample ? estimatedSize(sample) : 0)
    return benchReport({ sample, processor, storage, target, problem, rowBytes }, parts)
  } finally {
    await session.close()
  }
}

interface Found {
  sample: SourceSample | null
  processor: ProcessorSpeed
  storage: StorageSpeed
  target: TargetSpeed | null
  problem: string | null
  rowBytes: number
}

function benchReport(
  { sample, processor, storage, target, problem, rowBytes }: Found,
  parts: EngineParts,
): BenchReport {
  const { limits } = parts.throttle
  const held = (measured: number, limit: number) => (limit > 0 ? Math.min(measured, limit) : measured)
  const { connections } = parts.settings.resources
  const cores = availableParallelism()
  const work: Work = {
    ...{ rowBytes, indexBytes: sample?.indexBytes ?? 0, connections, cores, throttle: limits },
    compressionLevel: parts.settings.compressionLevel,
  }
  const measured: Measured = {
    source: sample ? sample.bytes.length / sample.seconds : 0,
    ...{ seal: processor.sealBytesPerSecond, open: processor.openBytesPerSecond, ratio: processor.ratio },
    upload: held(storage.uploadBytesPerSecond, limits.upload),
    download: held(storage.downloadBytesPerSecond, limits.download),
    ...{ load: target?.loadBytesPerSecond ?? null, index: target?.indexBytesPerSecond ?? null },
  }
  return {
    source: sample && {
      ...{ table: `${sample.schema}.${sample.name}`, rows: sample.rows, bytes: sample.bytes.length },
      ...{ rows_per_second: sample.rows / sample.seconds, bytes_per_second: measured.source },
    },
    processor: {
      ...{ seal_bytes_per_second: measured.seal, open_bytes_per_second: measured.open, ratio: measured.ratio, cores },
    },
    storage: {
      ...{ upload_bytes_per_second: measured.upload, download_bytes_per_second: measured.download },
      ...{ latency_ms: storage.latencyMs, written_bytes: storage.writtenBytes },
    },
    target: target && {
      ...{ load_bytes_per_second: target.loadBytesPerSecond, index_bytes_per_second: target.indexBytesPerSecond },
    },
    target_problem: problem,
    ...{ row_bytes: rowBytes, index_bytes: work.indexBytes, connections },
    backup: sample ? estimateBackup(measured, work) : null,
    restore: sample ? estimateRestore(measured, work) : null,
  }
}

/** What the rows of the newest backup were; null where there is none. */
async function lastSize(parts: EngineParts, { database, signal }: BenchOptions): Promise<number | null> {
  const { backups } = await readStoredBackups(await parts.repository(), signal)
  const known = backups.map(({ manifest }) => ({ manifest, ...sourceOf({ manifest }) }))
  const { own } = backupsOf(known, await parts.meant(database, known))
  const ofDatabase = own.filter(({ media_only }) => !media_only)
  const newest = newestOf(ofDatabase.map(({ manifest }) => ({ manifest, id: manifest.id, number: manifest.number })))
  return newest ? newest.manifest.logical_bytes - newest.manifest.media_size : null
}

/** All tables, as if their rows were like those of the sample. */
const estimatedSize = ({ heapBytes, bytes, sampledHeapBytes }: SourceSample): number =>
  Math.round(heapBytes * (bytes.length / sampledHeapBytes))

/** For a database without rows: text that compresses about as rows do. */
const numbers = (): Buffer => Buffer.from(Array.from({ length: 200_000 }, (_, n) => `${n}\t${n * 7919}\n`).join(''))
