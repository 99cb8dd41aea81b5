import type { Reporter } from '../events.ts'
import type { ExportSource } from './export-source.ts'

/** How often progress is told at most. */
const intervalMs = 250

/** The same source, telling how many bytes have been read of it. */
export function reportingSource(source: ExportSource, bytesTotal: number, report: Reporter | undefined): ExportSource {
  if (report === undefined) return source
  let bytes = 0
  let told = 0
  const tell = () => {
    told = Date.now()
    report({ type: 'progress', phase: 'export', bytes, bytesTotal: Math.max(bytes, bytesTotal) })
  }
  async function* counted(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      bytes += piece.length
      if (Date.now() - told >= intervalMs) tell()
      yield piece
    }
    tell()
  }
  report({ type: 'phase', phase: 'export' })
  return {
    ...source,
    async *tables() {
      for await (const table of source.tables()) yield { ...table, rows: () => counted(table.rows()) }
    },
    largeObjectPages: () => counted(source.largeObjectPages()),
  }
}
