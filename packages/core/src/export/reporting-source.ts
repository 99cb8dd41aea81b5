import type { Reporter } from '../events.ts'
import type { ExportSource } from './export-source.ts'

/** How often progress is told at most. */
const intervalMs = 250

/** The same source, telling how many bytes have been read of it. */
export function reportingSource(source: ExportSource, bytesTotal: number, report: Reporter | undefined): ExportSource {
  if (report === undefined) return source
  const { counted } = progressOf(report, bytesTotal)
  return {
    ...source,
    async *tables() {
      for await (const table of source.tables()) yield { ...table, rows: (from) => counted(table.rows(from)) }
    },
    largeObjectPages: () => counted(source.largeObjectPages()),
  }
}

/** Counts bytes of one or several streams and reports the sum, at most a few times a second and at each end. */
export function progressOf(report: Reporter | undefined, bytesTotal: number) {
  let bytes = 0
  let told = 0
  const tell = () => {
    told = Date.now()
    report?.({ type: 'progress', phase: 'export', bytes, bytesTotal: Math.max(bytes, bytesTotal) })
  }
  report?.({ type: 'phase', phase: 'export' })
  return {
    async *counted(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const piece of pieces) {
        bytes += piece.length
        if (Date.now() - told >= intervalMs) tell()
        yield piece
      }
      tell()
    },
  }
}
