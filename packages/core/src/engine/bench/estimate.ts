/** What was measured: bytes a second of rows as COPY writes them, unless it says otherwise. */
export interface Measured {
  /** One connection reads rows of the largest table. */
  source: number
  /** One core cuts, hashes, compresses and seals rows, and opens them again. */
  seal: number
  open: number
  /** Bytes that are stored of a byte of rows. */
  ratio: number
  /** Stored bytes a second, with several packs at once. */
  upload: number
  download: number
  /** One connection loads rows; null: it could not be tried. */
  load: number | null
  /** Bytes of index a second that the server builds; null: it could not be tried. */
  index: number | null
}

/** What there is to move, and with what. */
export interface Work {
  /** Bytes of all rows, as COPY writes them. */
  rowBytes: number
  indexBytes: number
  connections: number
  cores: number
  /** Configured limits of the storage, in bytes a second; 0: none. */
  throttle: { upload: number; download: number }
  compressionLevel: number
}

export type Limit = 'source' | 'processor' | 'storage' | 'target'

export interface Estimate {
  seconds: number
  /** The slowest of what works at the same time. */
  limit: Limit
  /** Which setting helps, or that none does. */
  advice: string
}

/**
 * How long a full backup takes. A worker reads, cuts and seals on one connection; all of them work at the same time, and
 * so does the storage: the slowest decides. Pure.
 */
export function estimateBackup(measured: Measured, work: Work): Estimate {
  const workers = Math.min(work.connections, work.cores)
  const stages: [Limit, number][] = [
    ['source', work.rowBytes / (measured.source * work.connections)],
    ['processor', work.rowBytes / (measured.seal * workers)],
    ['storage', (work.rowBytes * measured.ratio) / measured.upload],
  ]
  const [limit, seconds] = slowest(stages)
  return { seconds, limit, advice: adviceFor(limit, work, work.throttle.upload) }
}

/**
 * How long a restore takes: rows are fetched, opened and loaded at the same time, and then the indexes are built. Null where
 * loading could not be tried. Pure.
 */
export function estimateRestore(measured: Measured, work: Work): Estimate | null {
  const { load, index } = measured
  if (load === null) return null
  const workers = Math.min(work.connections, work.cores)
  const stages: [Limit, number][] = [
    ['storage', (work.rowBytes * measured.ratio) / measured.download],
    ['processor', work.rowBytes / (measured.open * workers)],
    ['target', work.rowBytes / (load * work.connections)],
  ]
  const [limit, seconds] = slowest(stages)
  const indexes = index === null || work.indexBytes === 0 ? 0 : work.indexBytes / (index * work.connections)
  return indexes > seconds
    ? { seconds: seconds + indexes, limit: 'target', advice: adviceFor('target', work, 0) }
    : { seconds: seconds + indexes, limit, advice: adviceFor(limit, work, work.throttle.download) }
}

function slowest(stages: [Limit, number][]): [Limit, number] {
  return stages.reduce((worst, stage) => (stage[1] > worst[1] ? stage : worst))
}

function adviceFor(limit: Limit, { connections, cores, compressionLevel }: Work, throttle: number): string {
  const more = `More connections help: set \`resources.connections\` to ${cores}.`
  if (limit === 'storage') {
    if (throttle > 0) return 'The throttle holds the storage back: raise the option `throttle`.'
    return compressionLevel < 3
      ? 'Less to move helps: set `compressionLevel` to 3; more connections do not.'
      : 'A faster storage or network helps; more connections do not.'
  }
  if (limit === 'processor') {
    if (connections < cores) return more
    return compressionLevel > 1
      ? 'Less compression helps: set `compressionLevel` to 1.'
      : 'More cores help; no setting does.'
  }
  if (connections < cores) return more
  return limit === 'source'
    ? 'The server reads its rows no faster: more memory or a faster disk of the server helps.'
    : 'The server loads and indexes no faster: more `maintenance_work_mem` or a faster disk of the server helps.'
}
